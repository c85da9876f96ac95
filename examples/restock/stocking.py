"""Builds the example's warehouse: the same few hundred articles and two years of sales each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path

from examples.restock.warehouse import SqliteWarehouse

SCHEMA = """
    CREATE TABLE articles (
        sku TEXT PRIMARY KEY, name TEXT NOT NULL, supplier TEXT NOT NULL,
        stock INTEGER NOT NULL CHECK (stock >= 0), on_order INTEGER NOT NULL CHECK (on_order >= 0),
        reorder_point INTEGER NOT NULL CHECK (reorder_point >= 0), pack_size INTEGER NOT NULL,
        discontinued INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE sales (day TEXT NOT NULL, sku TEXT NOT NULL REFERENCES articles, quantity INTEGER NOT NULL);
    CREATE TABLE purchase_orders (order_key TEXT PRIMARY KEY, sku TEXT NOT NULL, quantity INTEGER NOT NULL);
"""

GOODS = "Espresso,Filter Coffee,Green Tea,Black Tea,Oat Drink,Apple Juice,Olive Oil,Honey,Pasta,Rice,Muesli,Cocoa"
STYLES = "House,Organic,Dark,Mild,Alpine"
SIZES = "250 g,500 g,1 kg,Box of 6"
SUPPLIERS = ("Adler & Sons", "Baltic Foods", "Cascina Verde", "Delta Import", "Elbe Trading")

LAST_DAY = date(2026, 6, 30)
DAYS = 2 * 365
IDLE_DAYS = 240
"""How long ago the articles that nobody wants any more were last sold."""

Row = tuple[str, str, str, int, int, int, int, int]


def build_warehouse(path: Path, seed: int = 7) -> SqliteWarehouse:
    """Write the warehouse into a new file; the same seed gives the same rows."""
    draw = random.Random(seed)  # noqa: S311 — sample rows, no secrets
    warehouse = SqliteWarehouse(path)
    with warehouse.connected() as database:
        database.executescript(SCHEMA)
        for number, name in enumerate(_names()):
            # One article in nine sells well, one in forty has gone out of fashion.
            weekly = draw.randint(60, 140) if number % 9 == 4 else draw.randint(4, 30)
            idle = number % 40 == 17
            sku = f"A-{number + 101}"
            database.execute("INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _article(draw, sku, name, weekly))
            database.executemany("INSERT INTO sales VALUES (?, ?, ?)", _sales(draw, sku, weekly, idle=idle))
    return warehouse


def _names() -> Iterator[str]:
    for good, style, size in product(GOODS.split(","), STYLES.split(","), SIZES.split(",")):
        yield f"{style} {good}, {size}"


def _article(draw: random.Random, sku: str, name: str, weekly: int) -> Row:
    stock = round(weekly * draw.uniform(0.2, 9.0))
    on_order = draw.choice((0, 0, 0, weekly * 2))
    return sku, name, draw.choice(SUPPLIERS), stock, on_order, weekly * 2, draw.choice((6, 10, 12, 24)), 0


def _sales(draw: random.Random, sku: str, weekly: int, *, idle: bool) -> Iterator[tuple[str, str, int]]:
    last = DAYS - IDLE_DAYS if idle else DAYS
    for day in range(last):
        # Demand grows by half over the two years, and most articles do not sell every day.
        expected = weekly / 7 * (0.8 + 0.5 * day / DAYS)
        units = round(draw.expovariate(1 / expected))
        if units:
            yield (LAST_DAY - timedelta(days=DAYS - 1 - day)).isoformat(), sku, units
