from pathlib import Path

import yaml
from pydantic import BaseModel, PositiveInt


class Product(BaseModel):
    sku: str
    name: str
    cents: PositiveInt


def load(path=Path(__file__).parent / "products.yaml"):
    return [Product(**one) for one in yaml.safe_load(path.read_text())]
