const { z } = require("zod");

const Incident = z.object({
  service: z.string().min(1),
  severity: z.enum(["minor", "major", "critical"]).default("minor"),
  text: z.string().default(""),
});

/** All incidents, newest first; kept in memory. */
class Board {
  #incidents = [];

  report(incident) {
    const id = this.#incidents.length + 1;
    this.#incidents.unshift({ id, since: new Date(), closed: false, ...incident });
    return id;
  }

  close(id) {
    const incident = this.#incidents.find((one) => one.id === id);
    if (incident) incident.closed = true;
    return Boolean(incident);
  }

  all() {
    return this.#incidents;
  }

  open() {
    return this.#incidents.filter((one) => !one.closed);
  }
}

module.exports = { Board, Incident };
