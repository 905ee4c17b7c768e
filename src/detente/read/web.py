"""HTML pages, feeds and web archives → raw reports."""

from __future__ import annotations

import contextlib
import datetime as dt
import html as entities
import io
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from detente.errors import InputError
from detente.read.raw import Options, Raw, Rows, is_address
from detente.read.text import line, publication_date
from detente.records import Fault

_LONGEST_PAGE: Final = 3_000_000
"""Bytes of a page without its scripts; the largest news pages have a third of it."""
_MOST_TAGS: Final = 60_000
_DEEPEST: Final = 200
"""Elements inside one another; news pages have 20 to 60. Libraries walk the tree by recursion."""
_NESTING: Final = re.compile(
    rb"<(/?)(div|span|p|b|i|a|ul|ol|li|table|tr|td|font|section|article|blockquote|em|strong|center|q|sub|sup)\b",
    re.IGNORECASE,
)
_UNREAD: Final = ("script", "style", "svg", "noscript", "template", "iframe")
"""Elements whose content is no text of the page."""
_TRACKING: Final = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|ref|ref_src|cmpid|ocid|ito|smid|taid|xtor"
    r"|partner|at_\w+|ns_\w+)$",
    re.IGNORECASE,
)
_URL_DATE: Final = re.compile(
    r"(?:^|/)((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?:/|-|$)|(?:^|/)((?:19|20)\d\d)(\d\d)(\d\d)(?:/|-|$)"
)

_DATE_TAGS: Final = (
    ("property", "article:published_time"),
    ("name", "article:published_time"),
    ("property", "og:published_time"),
    ("name", "datepublished"),
    ("itemprop", "datepublished"),
    ("name", "parsely-pub-date"),
    ("name", "sailthru.date"),
    ("name", "dc.date.issued"),
    ("name", "dcterms.created"),
    ("name", "dc.date"),
    ("name", "dcterms.date"),
    ("name", "pubdate"),
    ("name", "publishdate"),
    ("name", "publish-date"),
    ("name", "publication_date"),
    ("name", "publish_date"),
    ("name", "article.published"),
    ("name", "date"),
    ("itemprop", "datecreated"),
)
"""Attributes of `meta` that give the day of publication, the surest first."""


def canonical(address: object, base: str | None = None) -> str | None:
    """Return an http address in one form: small letters in scheme and host, no fragment, port or tracking.

    Args:
        address: as the page, feed or archive gives it.
        base: what a relative one is relative to.
    """
    text = line(address)
    if not text:
        return None
    try:
        parts = urlsplit(urljoin(base, text) if base else text)
        host, port = (parts.hostname or ""), parts.port
        if parts.scheme.lower() not in ("http", "https") or not host:
            return None
        kept = [
            (k, v)
            for k, v in parse_qsl(parts.query, keep_blank_values=True, max_num_fields=50)
            if not _TRACKING.match(k)
        ]
    except ValueError:
        return None
    default = port in (None, 80, 443)
    return urlunsplit(
        (parts.scheme.lower(), host if default else f"{host}:{port}", parts.path or "/", urlencode(kept), "")
    )


def read_html(stream: BinaryIO, name: str, options: Options) -> Rows:
    """Read one page as a report."""
    data = stream.read(options.max_record + 1)
    if len(data) > options.max_record:
        raise InputError(f"page larger than {options.max_record:,} bytes")
    if not data.strip():
        raise InputError("empty: no text")
    yield page(data, None, name if is_address(name) else None)


def page(data: bytes, record: str | None, address: str | None, fallback: tuple[object, str] | None = None) -> Raw:
    """Take the report out of a page: text by trafilatura, date by the first of several rules that gives one.

    Args:
        data: the page's bytes, in any encoding it declares or shows.
        record: its number in its archive.
        address: where it was got, if known.
        fallback: a date, and the rule it comes from, if the page gives none.

    Raises:
        InputError: too large, too deep, or nothing in it that is a report.
    """
    import trafilatura  # slow to import, and only pages need it
    from trafilatura.settings import Document as Extracted

    markup = data.decode("latin-1")
    kept, elements = without_elements(markup, _UNREAD)
    linked = [body.encode("latin-1") for head, body in elements if "ld+json" in head.lower()][:20]
    slim = kept.encode("latin-1")
    _check_shape(slim)
    try:
        tree = trafilatura.load_html(slim)
        if tree is None:
            raise InputError("no HTML")
        meta = _metadata(tree, linked, address)
        found = trafilatura.bare_extraction(
            tree,
            url=meta.get("url"),
            include_comments=False,
            include_tables=False,
            with_metadata=True,
            favor_precision=False,
        )
    except InputError:
        raise
    except (RecursionError, MemoryError):
        raise InputError("the page is too complex to be read") from None
    except Exception as error:  # any page may break a parser; it must not break the batch
        raise InputError(f"the page cannot be parsed: {type(error).__name__}") from None
    if not isinstance(found, Extracted) or not found.text:
        raise InputError("no report in the page")
    if "date" not in meta and fallback:
        meta["date"], meta["date_rule"] = fallback
    return Raw(
        record,
        found.text,
        meta.get("date"),
        meta.get("date_rule"),
        title=meta.get("title") or found.title,
        url=meta.get("url"),
        source=found.sitename or meta.get("source"),
        author=meta.get("author") or found.author,
    )


def without_elements(markup: str, names: tuple[str, ...]) -> tuple[str, list[tuple[str, str]]]:
    """Cut elements and comments out of markup, in linear time whatever is left open.

    Returns:
        The rest, and the opening tag's attributes and content of each element cut out.
    """
    opening = re.compile(rf"<(?:(!--)|({'|'.join(names)})\b([^>]{{0,2000}})>)", re.IGNORECASE)
    closings = {name: re.compile(rf"</{name}\s{{0,20}}>", re.IGNORECASE) for name in names} | {"!--": re.compile("-->")}
    kept: list[str] = []
    cut: list[tuple[str, str]] = []
    position = 0
    never_closed: set[str] = set()
    while found := opening.search(markup, position):
        name = (found[1] or found[2]).lower()
        closing = None if name in never_closed else closings[name].search(markup, found.end())
        if closing is None:
            never_closed.add(name)
            kept.append(markup[position : found.end()])
            position = found.end()
            continue
        kept += [markup[position : found.start()], " "]
        if name != "!--":
            cut.append((found[3], markup[found.end() : closing.start()]))
        position = closing.end()
    kept.append(markup[position:])
    return "".join(kept), cut


def _check_shape(data: bytes) -> None:
    if len(data) > _LONGEST_PAGE:
        raise InputError(f"page larger than {_LONGEST_PAGE:,} bytes without its scripts")
    if data.count(b"<") > _MOST_TAGS:
        raise InputError(f"page of {data.count(b'<'):,} tags")
    depth = 0
    for found in _NESTING.finditer(data):
        depth = max(0, depth - 1) if found[1] else depth + (found[2].lower() not in (b"p", b"li", b"td", b"tr"))
        if depth > _DEEPEST * 3:
            raise InputError(f"elements nested more than {_DEEPEST * 3} deep")


def _metadata(tree: Any, linked: list[bytes], address: str | None) -> dict[str, Any]:
    """Return title, author, address, source and date of a page, and the rule that gave the date."""
    meta: dict[str, Any] = {}
    tags: dict[tuple[str, str], str] = {}
    for element in tree.iter("meta"):
        content = element.get("content")
        for attribute in ("property", "name", "itemprop"):
            if content and (key := element.get(attribute)):
                tags.setdefault((attribute, key.strip().lower()), content)
    link = next((e.get("href") for e in tree.iter("link") if (e.get("rel") or "").lower() == "canonical"), None)
    meta["url"] = canonical(link, address) or canonical(tags.get(("property", "og:url")), address) or canonical(address)
    meta["title"] = line(tags.get(("property", "og:title")))
    meta["source"] = line(tags.get(("property", "og:site_name"))) or (
        urlsplit(meta["url"]).hostname if meta["url"] else None
    )
    articles = [item for body in linked for item in _linked_items(body)]
    meta["author"] = next((a for item in articles if (a := _linked_author(item))), None)
    for value, rule in _dates(tree, tags, articles, meta["url"]):
        try:
            meta["date"], meta["date_rule"] = publication_date(value), rule
            break
        except InputError:
            continue
    return meta


def _dates(
    tree: Any, tags: Mapping[tuple[str, str], str], articles: list[dict[str, Any]], address: str | None
) -> Iterator[tuple[object, str]]:
    for item in articles:
        if item.get("datePublished"):
            yield item["datePublished"], "json-ld:datePublished"
    for attribute, key in _DATE_TAGS:
        if value := tags.get((attribute, key)):
            yield value, f"meta:{key}"
    times = [e for e in tree.iter("time") if e.get("datetime")]
    for element in times:
        if (
            element.get("pubdate") is not None
            or "publi" in f"{element.get('class', '')} {element.get('itemprop', '')}".lower()
        ):
            yield element.get("datetime"), "time:published"
    if address and (found := _URL_DATE.search(urlsplit(address).path)):
        yield "-".join(g for g in found.groups() if g), "url"
    for element in times[:1]:
        yield element.get("datetime"), "time:first"
    for item in articles:
        if item.get("dateModified"):
            yield item["dateModified"], "json-ld:dateModified"
    if value := tags.get(("property", "article:modified_time")):
        yield value, "meta:article:modified_time"


def _linked_items(body: bytes) -> Iterator[dict[str, Any]]:
    """Yield the articles of a JSON-LD block."""
    if len(body) > 500_000:
        return
    try:
        value = json.loads(body.decode("utf-8", "replace").strip(), strict=False)
    except (ValueError, RecursionError):
        return
    queue: list[Any] = [value]
    for item in queue:  # grows as it is walked
        if len(queue) > 1000:
            return
        if isinstance(item, list):
            queue += item[:100]
        elif isinstance(item, dict):
            queue += [v for k, v in item.items() if k in ("@graph", "mainEntity", "mainEntityOfPage")]
            if re.search(r"Article|Posting|Report\b", str(item.get("@type"))):
                yield item


def _linked_author(item: Mapping[str, Any]) -> str | None:
    author = item.get("author")
    names = [a.get("name") if isinstance(a, dict) else a for a in (author if isinstance(author, list) else [author])]
    return line(", ".join(n for n in names[:10] if isinstance(n, str) and n.strip()))


# --- feeds

_BLOCK_END: Final = re.compile(
    r"</?(?:p|div|br|li|ul|ol|h[1-6]|blockquote|tr|table|figure|figcaption)\b[^<>]{0,1000}>", re.IGNORECASE
)
_TAG: Final = re.compile(r"<[a-zA-Z/!?][^<>]{0,5000}>")


def plain(fragment: str) -> str:
    """Return the text of a fragment of HTML, a paragraph an element of text."""
    text, _ = without_elements(fragment, ("script", "style"))
    text = _TAG.sub("", _BLOCK_END.sub("\n\n", text))
    return re.sub(r"[ \t]*\n\s*\n\s*", "\n\n", entities.unescape(text)).strip()


def read_feed(stream: BinaryIO, name: str, options: Options) -> Rows:
    """Read RSS or Atom, an entry a report: its full content if the feed has it, else its summary."""
    data = stream.read(options.max_record + 1)
    if len(data) > options.max_record:
        raise InputError(f"feed larger than {options.max_record:,} bytes")
    yield from feed(data, name)


def feed(data: bytes, name: str) -> Rows:
    """Read a feed's bytes.

    Raises:
        InputError: it is no feed.
    """
    import feedparser  # only feeds need it

    if b"<!ENTITY" in data:
        raise InputError("a feed that defines entities is not read")
    if data.count(b"<") > _MOST_TAGS * 4:
        raise InputError(f"feed of {data.count(b'<'):,} tags")
    try:
        parsed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    except (RecursionError, MemoryError):
        raise InputError("the feed is too complex to be read") from None
    except Exception as error:  # any feed may break a parser; it must not break the batch
        raise InputError(f"the feed cannot be parsed: {type(error).__name__}") from None
    if not parsed.entries:
        broken = parsed.get("bozo_exception")
        raise InputError("no entry in the feed" + (f": {line(broken)}" if broken else ""))
    broken = parsed.get("bozo_exception")
    if broken and not type(broken).__name__.startswith("CharacterEncodingOverride"):
        reason = (line(broken) or "")[:120]
        yield Fault(name, None, f"malformed feed, {len(parsed.entries)} entries could be read: {reason}")
    for number, entry in enumerate(parsed.entries, start=1):
        contents = [c.get("value", "") for c in entry.get("content", ()) if isinstance(c.get("value"), str)]
        body = max([*contents, entry.get("summary") or ""], key=len)
        moment, rule = next(
            (
                (dict.get(entry, k), f"feed:{k.removesuffix('_parsed')}")
                for k in ("published_parsed", "updated_parsed", "created_parsed")
                if dict.get(entry, k)  # feedparser's own get stands updated in for published
            ),
            (None, None),
        )
        title = plain(entry.get("title") or "")
        yield Raw(
            str(number),
            plain(body) or title,
            _day(moment) if moment else dict.get(entry, "published") or dict.get(entry, "updated"),
            rule or "feed:published",
            id=None,
            title=title,
            url=canonical(entry.get("link"), name if is_address(name) else None),
            source=plain(parsed.feed.get("title") or "") or None,
            author=entry.get("author"),
        )


def _day(moment: time.struct_time) -> dt.date | None:
    try:
        return dt.date(*moment[:3])
    except (ValueError, TypeError, OverflowError):
        return None


# --- archives of crawled pages


def read_warc(stream: BinaryIO, name: str, options: Options) -> Rows:
    """Read a web archive, a page a report: responses and resources that are HTML, and plain-text conversions."""
    from warcio.archiveiterator import ArchiveIterator  # only archives need it

    count = skipped = 0
    records = ArchiveIterator(stream, no_record_parse=False, ensure_http_headers=False)
    records.INC_RECORD = ""  # else it prints the archive's own bytes to standard error
    while True:
        record = str(count + 1)
        try:
            item = next(records)
            if records.err_count > skipped:
                skipped = records.err_count
                yield Fault(name, str(count), "its length is wrong; what follows is skipped to the next record")
            count += 1
            if item.rec_type not in ("response", "resource", "conversion"):
                continue
            status = item.http_headers.get_statuscode() if item.http_headers else "200"
            kind = (
                ((item.http_headers or item.rec_headers).get_header("Content-Type") or "").split(";")[0].strip().lower()
            )
            if status != "200" or kind not in ("text/html", "application/xhtml+xml", "text/plain", ""):
                continue
            with contextlib.redirect_stderr(io.StringIO()) as noise:  # where warcio says that packed content is broken
                data = item.content_stream().read(options.max_record + 1)
            missing = getattr(item.raw_stream, "limit", 0)
        except StopIteration:
            break
        except InputError:
            raise
        except Exception as error:  # a broken archive may break its parser anywhere
            yield Fault(
                name,
                record,
                f"broken archive, the rest is not read: {type(error).__name__}: {(line(error) or '')[:120]}",
            )
            return
        crawled = (item.rec_headers.get_header("WARC-Date") or None, "warc:WARC-Date")
        address = canonical(item.rec_headers.get_header("WARC-Target-URI"))
        try:
            if len(data) > options.max_record:
                raise InputError(f"page larger than {options.max_record:,} bytes")
            if noise.getvalue():
                raise InputError(f"its content cannot be unpacked: {line(noise.getvalue())}")
            if missing > 0:
                raise InputError(f"the archive breaks off, {missing:,} bytes before this record's end")
            if kind == "text/plain" and item.rec_type == "conversion":
                yield Raw(
                    record,
                    data.decode("utf-8", "replace"),
                    crawled[0],
                    crawled[1],
                    url=address,
                    source=urlsplit(address).hostname if address else None,
                )
            else:
                yield page(data, record, address, crawled)
        except InputError as error:
            yield Fault(name, record, str(error))
    if not count:
        raise InputError("no record in the archive")
