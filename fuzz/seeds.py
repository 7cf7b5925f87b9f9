"""Makes the seed corpus from the fixtures: a few small pieces of every shape, the same ones every time."""
import gzip, json, pathlib

root = pathlib.Path(__file__).resolve().parent
cases = sorted((root.parent / "fixtures" / "cases").iterdir())
CAP = 6_000


def put(target, name, data):
    folder = root / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def shortened(value, keep=3):
    """The same shape with short lists, so that a seed stays small."""
    if isinstance(value, dict):
        return {key: shortened(inner, keep) for key, inner in value.items()}
    if isinstance(value, list):
        return [shortened(inner, keep) for inner in value[:keep]]
    return value


def records(case):
    for path in sorted(case.glob("trail/**/*")):
        if path.is_file():
            data = path.read_bytes()
            text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            try:
                yield from json.loads(text)["Records"]
            except (ValueError, KeyError, TypeError):
                continue


def trail():
    seen = set()
    for case in cases:
        chosen = []
        for record in records(case):
            kind = (record.get("eventName"), record.get("errorCode"), (record.get("userIdentity") or {}).get("type"))
            if kind not in seen and len(seen) < 90:
                seen.add(kind)
                chosen.append(record)
        for start in range(0, len(chosen), 3):
            some = chosen[start : start + 3]
            put("trail_record", f"{case.name}-{start}.json", compact({"Records": some}))
        if chosen:
            put("trail_record", f"{case.name}.jsonl", "".join(compact(one) + "\n" for one in chosen[:2]))
            put("trail_record", f"{case.name}.gz", gzip.compress(compact({"Records": chosen[:2]}).encode(), mtime=0))
            put("trail_record", f"{case.name}-lookup.json", compact({"Events": [{"EventId": "e", "CloudTrailEvent": compact(chosen[0])}]}))


def answers():
    for case in cases:
        for path in sorted(case.glob("*.json*")):
            data = path.read_bytes()
            text = data.decode("utf-16" if data[:2] in (b"\xfe\xff", b"\xff\xfe") else "utf-8")
            if path.suffix == ".jsonl":
                small = "\n".join(text.splitlines()[:2]) + "\n"
            else:
                small = compact(shortened(json.loads(text)))
                if len(small) > CAP:
                    small = compact(shortened(json.loads(text), 1))
            if path.name.startswith(("metric", "quotas")):
                put("metrics", f"{case.name}-{path.stem}", small)
            elif path.name.startswith("health"):
                put("health", f"{case.name}-{path.stem}", small)
            elif path.name.startswith("currentevents"):
                put("status_feed", f"{case.name}", small)
                put("status_feed", f"{case.name}-utf16", b"\xfe\xff" + small.encode("utf-16-be"))
    put("status_feed", "history", compact({"ecr-us-east-1": [{"arn": "arn:aws:health:us-east-1::event/ECR/A/1", "date": "1773213720", "service": "ecr-us-east-1", "service_name": "ECR", "region_name": "N. Virginia", "status": "1", "summary": "s", "event_log": [{"timestamp": 1773213720, "status": 1, "message": "m"}]}]}))
    put("metrics", "get-service-quota", compact({"Quota": {"ServiceCode": "ecr", "QuotaCode": "L-1", "QuotaName": "Rate of BatchGetImage requests", "Value": 2000.0, "Period": {"PeriodValue": 1, "PeriodUnit": "SECOND"}}}))


def written():
    put("settings", "acknowledgements.toml", '[[acknowledge]]\nregion = "us-*"\nsignal = "errors"\ncause = "*"\nowner = "a@b"\nreason = "known"\nticket = "T-1"\nexpires = 2026-04-01\nmax_failures = 500\n')
    put("settings", "channels.toml", '[[channel]]\nname = "team"\nkind = "slack"\nurl = { file = "/run/secrets/slack" }\nattempts = 4\n\n[[channel]]\nname = "sns"\nkind = "sns"\ntopic = "arn:aws:sns:us-east-1:111122223333:t"\n\n[[channel]]\nname = "hook"\nkind = "webhook"\nurl = { env = "HOOK" }\nbackoff_ms = 10\n\n[[channel]]\nname = "s3"\nkind = "s3"\nbucket = "b"\nprefix = "p"\n')
    times = ["2026-03-11T07:02Z\n2026-03-11T08:02+01:00\n", "2026-03-11\n2026-03-12 09:00\n", "\n\n1d12h\n", "\n\n\n2026-03-11T07:02:03.5Z\n90m\n14d\n", "2026-02-28 23:59\n\n\n\n\n2w"]
    for index, text in enumerate(times):
        put("time_window", f"{index}", text)
    manifest = {
        "format_major": 1, "format_minor": 0, "tool_version": "0.1.0",
        "case": {"window": {"from": "2026-03-11T06:00:00Z", "to": "2026-03-11T07:00:00Z"}, "baseline": {"from": "2026-03-04T06:00:00Z", "to": "2026-03-11T06:00:00Z"}, "scope": {"accounts": [], "regions": [], "repositories": [], "event_sources": ["ecr.amazonaws.com"]}, "now": "2026-03-11T12:00:00Z"},
        "sources": [{"noun": "health", "outcome": {"state": "partial", "why": "w"}, "asked": ["a"], "tally": {"read": 1, "used": 1, "skipped": 0, "duplicate": 0, "out_of_window": 0, "late": 0, "skipped_by": {}}, "by_scope": {"?": {"read": 1, "used": 1}}, "refusals": [{"input": "a", "why": "w", "partly_used": True}], "files_read": 1, "files_pruned": 0, "bytes_read": 9}],
        "files": [{"path": "raw/health.ndjson", "rows": 1, "sha256": "0" * 64}], "seal": "0" * 64,
    }
    import hashlib

    answer = b'{"input":"a","shape":"describe-events","answer":{"events":[]}}\n'
    manifest["files"][0]["sha256"] = hashlib.sha256(answer).hexdigest()
    put("manifest", "whole.json", compact(manifest))
    put("manifest", "pretty.json", json.dumps(manifest, indent=2) + "\n")
    for name, path in [("up", "../outside"), ("device", "/dev/zero"), ("dot", "./raw/../raw/health.ndjson")]:
        manifest["files"][0]["path"] = path
        put("manifest", f"{name}.json", compact(manifest))
    digest = {"digestEndTime": "2026-03-11T07:00:00Z", "digestS3Bucket": "b", "digestS3Object": "AWSLogs/1/CloudTrail-Digest/1.json.gz", "digestPublicKeyFingerprint": "f", "digestSignatureAlgorithm": "SHA256withRSA", "previousDigestS3Object": "AWSLogs/1/CloudTrail-Digest/0.json.gz", "previousDigestHashValue": "00", "previousDigestSignature": "00ff", "logFiles": [{"s3Object": "AWSLogs/a.json.gz", "hashValue": hashlib.sha256(b"{}").hexdigest()}]}
    first = dict(digest, digestS3Object=digest["previousDigestS3Object"], previousDigestS3Object=None, previousDigestHashValue=None, previousDigestSignature=None)
    put("digest", "chain", compact(digest) + "\0" + compact(first))
    put("digest", "keys", compact({"PublicKeyList": [{"Fingerprint": "f", "Value": "MIIBCgKCAQEA"}]}))


trail()
answers()
written()
total = sum(path.stat().st_size for path in (root / "corpus").rglob("*") if path.is_file())
print(total, "bytes")
