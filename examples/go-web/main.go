// Command worldclock shows what time it is elsewhere.
package main

import (
	"html/template"
	"log"
	"net/http"
	"os"
	"time"
)

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Adelaide"}

type clock struct {
	Zone string
	Time string
}

func clocks(now time.Time, names []string) ([]clock, error) {
	var all []clock
	for _, name := range names {
		zone, err := time.LoadLocation(name)
		if err != nil {
			return nil, err
		}
		all = append(all, clock{Zone: name, Time: now.In(zone).Format("Mon 15:04")})
	}
	return all, nil
}

func routes(pages *template.Template) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir("static"))))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		all, err := clocks(time.Now(), zones)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if err := pages.ExecuteTemplate(w, "index.html", all); err != nil {
			log.Print(err)
		}
	})
	return mux
}

func main() {
	addr := os.Getenv("ADDR")
	if addr == "" {
		addr = ":8080"
	}
	pages := template.Must(template.ParseGlob("templates/*.html"))
	server := &http.Server{Addr: addr, Handler: routes(pages), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("listening on %s", addr)
	log.Fatal(server.ListenAndServe())
}
