from aiohttp import web
from babel.numbers import format_currency
from rapidfuzz import fuzz

from .products import load


def shown(product):
    return product.model_dump() | {"price": format_currency(product.cents / 100, "EUR", locale="en_IE")}


def create_app():
    products = load()
    routes = web.RouteTableDef()

    @routes.get("/healthz")
    async def healthz(request):
        return web.json_response({"status": "ok", "products": len(products)})

    @routes.get("/products")
    async def every(request):
        wanted = request.query.get("q", "").lower()
        found = [one for one in products if not wanted or fuzz.partial_ratio(wanted, one.name.lower()) > 75]
        return web.json_response([shown(one) for one in found])

    @routes.get("/products/{sku}")
    async def one(request):
        for product in products:
            if product.sku == request.match_info["sku"]:
                return web.json_response(shown(product))
        raise web.HTTPNotFound(text="no such product")

    app = web.Application()
    app.add_routes(routes)
    return app
