"""Checks what must hold of controls in a study with both orders, from its tables alone.

    python3 scripts/checks/controls.py artifacts/latest

The oracle's area is at most every method's; random's mean symmetric gain is 0 within its 99 % interval over images; LIME's mean area, most relevant
first, is below random's. Where Grad-CAM and the other controls fall is printed as found. Ends with status 1 where one does not hold.
"""

import sys

import duckdb

# Two areas of one order by other batches may differ in their last bits.
TOLERANCE = 1e-4
# Student's t for 99 %, by degrees of freedom: one less than the images.
T = {9: 3.250, 10: 3.169, 11: 3.106, 12: 3.055, 13: 3.012, 14: 2.977, 15: 2.947, 16: 2.921, 17: 2.898, 18: 2.878, 19: 2.861}

ORACLE = """
    select count(*), count(*) filter (s.auc < o.auc - ?)
    from scores s join scores o using (image, network, partition, "order", replacement)
    where o.method = 'oracle' and "order" = 'most_relevant_first'"""
RANDOM = """
    select network, partition, replacement, count(*), avg(gain), stddev_samp(gain)
    from (select image, network, partition, replacement, avg(symmetric_gain) gain from gains where method = 'random' group by all)
    group by all order by all"""
AREAS = """
    select network, partition, replacement, method, avg(auc) auc
    from scores where "order" = 'most_relevant_first' group by all order by network, partition, replacement, auc"""


def main(latest):
    if not duckdb.sql(f"select 1 from '{latest}/scores/*.parquet' where method = 'oracle' limit 1").fetchall():
        print("controls: skipped: the study has no oracle, as pipeline.scenes.toml has")
        return
    for table in ("scores", "gains"):
        duckdb.sql(f"create view {table} as select * from '{latest}/{table}/*.parquet'")
    broken = []
    [(compared, below)] = duckdb.execute(ORACLE, [TOLERANCE]).fetchall()
    print(f"oracle: {compared} areas compared, {below} below it")
    if not compared or below:
        broken.append("the oracle is not at most every method's area")
    for network, partition, replacement, images, gain, deviation in duckdb.sql(RANDOM).fetchall():
        if images - 1 not in T:
            print(f"random: skipped, because the interval is known for 10 to 20 images, and these are {images}")
            continue
        half = T[images - 1] * deviation / images**0.5
        place = f"{network}, {partition}, {replacement}"
        print(f"random: symmetric gain {gain:+.4f} +- {half:.4f} (99 %, {images} images) on {place}")
        if abs(gain) > half:
            broken.append(f"random's symmetric gain is not 0 on {place}")
    areas = {}
    for network, partition, replacement, method, auc in duckdb.sql(AREAS).fetchall():
        areas.setdefault((network, partition, replacement), {})[method] = auc
    for place, methods in areas.items():
        print(f"{', '.join(place)}: " + ", ".join(f"{method} {auc:.3f}" for method, auc in methods.items()))
        for method in methods:
            if method.startswith("lime") and "random" in methods and methods[method] >= methods["random"]:
                broken.append(f"{method} is not below random on {', '.join(place)}")
    for what in broken:
        print(f"BROKEN: {what}", file=sys.stderr)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main(sys.argv[1])
