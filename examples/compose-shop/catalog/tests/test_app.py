import pytest

from catalog.app import create_app


@pytest.fixture
async def client(aiohttp_client):
    return await aiohttp_client(create_app())


async def test_all_products(client):
    answer = await client.get("/products")
    assert [one["sku"] for one in await answer.json()] == ["tea-1", "tea-2", "cup-1"]


async def test_a_misspelt_search(client):
    answer = await client.get("/products", params={"q": "blu cup"})
    assert [one["price"] for one in await answer.json()] == ["€12.00"]


async def test_an_unknown_product(client):
    assert (await client.get("/products/none")).status == 404
