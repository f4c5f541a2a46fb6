"""The two addresses that there are."""

from django.urls import path

from pages import views

urlpatterns = [path("", views.index), path("healthz", views.health)]
