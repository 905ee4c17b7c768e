"""A checkpoint → the model folder that the package ships: ONNX, int8 weights, tokenizer, manifest written last.

    python -m train.export --checkpoint build/train/model.pt --out src/detente/model
    python -m train.export --checkpoint build/train-md/model.pt --name en-md --weights 4bit \
        --out packages/en-md/src/detente_en_md

Weights are quantised to 7 of 8 bits per channel, activations while running (onnxruntime's dynamic quantisation);
7 bits keep the older vector instructions from saturating, so that every machine gives the same coding. MPNet's
activations spread too wide for one scale (it cost 0.026 of the events' F1): its weights are 4-bit in blocks of 32, its
activations are scaled by block.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch

from detente.code import model as shared
from train import net
from train.manifest import manifest, write_manifest

OUTPUTS = (*shared.WORD_HEADS, "relations")


class _Outputs(torch.nn.Module):
    """The network with its outputs as a tuple in the order of `OUTPUTS`; one sentence, so no mask."""

    def __init__(self, inner: net.Net) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, ids: torch.Tensor, features: torch.Tensor) -> tuple[torch.Tensor, ...]:
        found = self.inner(ids, features)
        return tuple(found[name] for name in OUTPUTS)


class _Words(torch.nn.Module):
    """The table of word pieces in 8 bits, one scale a row."""

    def __init__(self, table: torch.Tensor) -> None:
        super().__init__()
        scale = table.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("scale", scale)
        self.register_buffer("table", (table / scale).round().to(torch.int8))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.table[ids].float() * self.scale[ids]


def to_onnx(model: net.Net, path: Path, weights: str = "int8") -> None:
    """Write the network as ONNX, with weights "int8", "4bit" or "fp32"."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model.eval()
    if weights == "4bit":
        model.encoder.words = _Words(model.encoder.words.weight.detach())  # type: ignore[assignment]
    sample = torch.full((1, 12), 101, dtype=torch.int64)
    length = torch.export.Dim("length", min=4, max=shared.MAX_PIECES + 2)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        torch.onnx.export(
            _Outputs(model), (sample, torch.zeros_like(sample)), str(plain), input_names=["ids", "features"],
            output_names=list(OUTPUTS), dynamic_shapes={"ids": {1: length}, "features": {1: length}}, dynamo=True,
            external_data=False, verbose=False,
        )  # fmt: skip
        if weights == "fp32":
            shutil.copyfile(plain, path)
            return
        ready = Path(scratch) / "ready.onnx"
        quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
        done = Path(scratch) / "int8.onnx"
        if weights == "int8":
            quantize_dynamic(
                str(ready), str(done), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
                extra_options={"MatMulConstBOnly": True},
            )  # fmt: skip
            loaded = onnx.load(str(done))
        else:
            packed = MatMulNBitsQuantizer(
                onnx.load(str(ready)), bits=4, block_size=32, is_symmetric=True, accuracy_level=4
            )
            packed.process()
            loaded = packed.model.model
        # Names of this machine's folders that exporters leave in the graph say nothing and vary.
        for node in loaded.graph.node:
            del node.metadata_props[:]
            node.doc_string = ""
        for function in loaded.functions:
            for node in function.node:
                del node.metadata_props[:]
        del loaded.metadata_props[:]
        del loaded.graph.metadata_props[:]
        for value in (*loaded.graph.value_info, *loaded.graph.input, *loaded.graph.output):
            del value.metadata_props[:]
        onnx.save(loaded, str(path))


def main() -> None:
    """Export a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("build/train/model.pt"))
    parser.add_argument("--out", type=Path, default=Path("src/detente/model"))
    parser.add_argument("--name", default="en-sm", help="what the model is called")
    parser.add_argument("--weights", choices=("int8", "4bit", "fp32"), default="int8")
    options = parser.parse_args()
    held = torch.load(options.checkpoint, weights_only=True)
    model = net.Net(held["config"], 0.0)
    model.load_state_dict(held["weights"])
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "manifest.json").unlink(missing_ok=True)
    to_onnx(model, options.out / "model.onnx", options.weights)
    shutil.copyfile(options.checkpoint.with_name("tokenizer.json"), options.out / "tokenizer.json")
    write_manifest(options.out, manifest(options.name, options.out, held.get("about", {}), {}))
    size = (options.out / "model.onnx").stat().st_size / 1e6
    print(json.dumps({"out": str(options.out), "megabytes": round(size, 1)}))


if __name__ == "__main__":
    main()
