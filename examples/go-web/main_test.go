package main

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestClocks(t *testing.T) {
	noon := time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC)
	all, err := clocks(noon, []string{"UTC", "Asia/Tokyo"})
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Time != "Mon 12:00" || all[1].Time != "Mon 21:00" {
		t.Errorf("got %v", all)
	}
	if _, err := clocks(noon, []string{"Mars/Olympus"}); err == nil {
		t.Error("a zone that does not exist was accepted")
	}
}

func TestRoutes(t *testing.T) {
	handler := routes(template.Must(template.ParseGlob("templates/*.html")))
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/":                 {http.StatusOK, "Asia/Tokyo"},
		"/healthz":          {http.StatusOK, "ok"},
		"/static/style.css": {http.StatusOK, "sans-serif"},
		"/nothing":          {http.StatusNotFound, "not found"},
	} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		if answer.Code != want.status || !strings.Contains(answer.Body.String(), want.body) {
			t.Errorf("%s: %d %q", path, answer.Code, answer.Body)
		}
	}
}
