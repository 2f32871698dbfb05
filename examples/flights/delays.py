# One Task: delay statistics per airport of departure, over one part of the flights.
# Sums are whole minutes, so that adding up the parts gives exactly what one process over everything gives.
import json

stats = {}
with open("in/part.json") as part:
    flights = json.load(part)
for flight in flights:
    s = stats.setdefault(flight["origin"], {"flights": 0, "delaySum": 0, "late": 0, "worst": -10**9})
    s["flights"] += 1
    s["delaySum"] += flight["delay"]
    s["late"] += flight["delay"] > 15
    s["worst"] = max(s["worst"], flight["delay"])
with open("out/result.json", "w") as out:
    json.dump(stats, out)
with open("status", "w") as status:
    json.dump({"progress": 1.0, "message": f"{len(flights)} flights"}, status)
