"""The pages of the guest book."""

from django.http import JsonResponse
from django.shortcuts import render


def index(request):
    return render(request, "index.html", {"guests": ["Ada", "Grace"]})


def health(request):
    return JsonResponse({"status": "ok"})
