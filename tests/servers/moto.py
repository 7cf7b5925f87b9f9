"""A second counterpart for live collection: moto, which shares no line with the loopback of tests/it.

    pip install 'moto[server]==5.2.1' boto3
    python3 tests/servers/moto.py target/release/ecr-incident [CASE]

Puts a fixture case into moto (CloudTrail, S3, CloudWatch, STS), asks it with the binary and compares
the report with the one made of the files. moto speaks no CBOR, which is all that the SDK speaks to
CloudWatch, so a bridge on 127.0.0.1 translates; what it translates is checked against the service model
that botocore ships. What moto lacks (Health, quotas of ECR, working Logs Insights) must come out as a
gap, and nothing else may differ. Exit code 1 when something does.
"""

import datetime, http.server, json, os, pathlib, re, socket, struct, subprocess, sys, tempfile, threading, time
import tomllib, urllib.error, urllib.request

import boto3, botocore.config, botocore.session

BINARY = pathlib.Path(sys.argv[1]).resolve()
CASE = pathlib.Path(__file__).parents[2] / "fixtures/cases" / (sys.argv[2] if len(sys.argv) > 2 else "aws_fault_late_health")
MODEL = botocore.session.get_session().get_service_model("cloudwatch")
# moto cannot read a body that boto3 has compressed.
PLAIN = botocore.config.Config(disable_request_compression=True)
TARGET = "GraniteServiceVersion20100801"


def head(major, n):
    for limit, low, form in ((24, n, ""), (1 << 8, 24, "B"), (1 << 16, 25, ">H"), (1 << 32, 26, ">I"), (1 << 64, 27, ">Q")):
        if n < limit:
            return bytes([major << 5 | low]) + (struct.pack(form, n) if form else b"")


def encode(value, shape):
    """A JSON value as the CBOR of its shape."""
    kind = shape.type_name
    if kind == "structure":
        known = [(k, v) for k, v in value.items() if v is not None]
        unknown = [k for k, _ in known if k not in shape.members]
        assert not unknown, f"{shape.name} has no {unknown}"
        return head(5, len(known)) + b"".join(head(3, len(k)) + k.encode() + encode(v, shape.members[k]) for k, v in known)
    if kind == "list":
        return head(4, len(value)) + b"".join(encode(v, shape.member) for v in value)
    if kind == "timestamp":
        if isinstance(value, str):
            value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        return b"\xc1\xfb" + struct.pack(">d", value)
    if kind in ("double", "float"):
        return b"\xfb" + struct.pack(">d", value)
    if kind == "boolean":
        return b"\xf5" if value else b"\xf4"
    if kind in ("integer", "long"):
        return head(0, value)
    text = str(value).encode()
    return head(3, len(text)) + text


def decode(data, at=0):
    """The value at a place and the place behind it."""
    first, at = data[at], at + 1
    if first == 0xFF:
        return StopIteration, at
    major, low = first >> 5, first & 31
    n = low
    if 24 <= low <= 27:
        size = 1 << (low - 24)
        n, at = int.from_bytes(data[at : at + size], "big"), at + size
    if major == 7:
        return {20: False, 21: True, 27: struct.unpack(">d", n.to_bytes(8, "big"))[0] if low == 27 else 0}.get(low), at
    if major in (2, 3):
        return data[at : at + n].decode(), at + n
    if major == 6:
        return decode(data, at)
    if major in (0, 1):
        return (n if major == 0 else -1 - n), at
    items = []
    while low == 31 or len(items) < n * (2 if major == 5 else 1):
        item, at = decode(data, at)
        if item is StopIteration:
            break
        items.append(item)
    return (dict(zip(items[::2], items[1::2])) if major == 5 else items), at


class Bridge(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[str] = []

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        named = re.match(rf"/service/{TARGET}/operation/(\w+)$", self.path)
        target = self.headers.get("x-amz-target", "").split(".")[-1]
        operation = named[1] if named else target or f"{self.command} {self.path.split('?')[0]}"
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length", "accept-encoding", "smithy-protocol", "transfer-encoding")}
        path = self.path
        if named:
            headers |= {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"{TARGET}.{operation}", "accept": "application/json"}
            body, path = json.dumps(decode(body)[0] if body else {}).encode(), "/"
        request = urllib.request.Request(MOTO + path, body or None, headers, method=self.command)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as refused:
            answer = refused
        data, head_out = answer.read(), dict(answer.headers)
        Bridge.seen.append(f"{operation} {answer.status}")
        if named and answer.status == 200:
            data = encode(json.loads(data), MODEL.operation_model(operation).output_shape)
            head_out = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        self.send_response_only(answer.status)
        for name, value in head_out.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_POST


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def seed(case):
    """The case's trail and series, as AWS would hold them."""
    ask = lambda service, region="us-east-1": boto3.client(service, region, endpoint_url=MOTO, aws_access_key_id="testing", aws_secret_access_key="testing", config=PLAIN)
    s3 = ask("s3")
    s3.create_bucket(Bucket="trail-bucket")
    objects = 0
    for file in sorted((case / "trail/AWSLogs").rglob("*")):
        if file.is_file():
            s3.put_object(Bucket="trail-bucket", Key=str(file.relative_to(case / "trail")), Body=file.read_bytes())
            objects += 1
    trails = ask("cloudtrail")
    trails.create_trail(Name="main", S3BucketName="trail-bucket", IsMultiRegionTrail=True)
    trails.start_logging(Name="main")
    queries = {one["Id"]: one["MetricStat"] for one in json.loads((case / "metric-queries.json").read_text())}
    regions = [folder.name for folder in (case / "trail/AWSLogs").glob("*/CloudTrail/*")]
    points = 0
    for series in json.loads((case / "metrics.json").read_text())["MetricDataResults"]:
        metric = queries[series["Id"]]["Metric"]
        region = next((region for region in regions if region in series["Label"]), regions[0])
        data = [{"MetricName": metric["MetricName"], "Dimensions": metric["Dimensions"], "Timestamp": at, "Value": value} for at, value in zip(series["Timestamps"], series["Values"])]
        for first in range(0, len(data), 100):
            ask("cloudwatch", region).put_metric_data(Namespace=metric["Namespace"], MetricData=data[first : first + 100])
        points += len(data)
    return objects, points, sorted(regions)


def report(words, folder, environment):
    out = folder / "report"
    done = subprocess.run([BINARY, *words, "--out", out], cwd=CASE, env=environment, capture_output=True, text=True, timeout=600)
    if done.returncode:
        sys.exit(f"exit {done.returncode}: {done.stderr}")
    return json.loads((out / "report.json").read_text()), done.stderr


def claims(report):
    keys = ("account", "region", "signal", "apis", "onset", "peak", "recovery", "calls", "failures")
    return [[one[key] for key in keys] for one in report["incidents"]], report["funnel"], report["anomalies"]


def main():
    global MOTO
    MOTO = f"http://127.0.0.1:{free_port()}"
    port = MOTO.rsplit(":", 1)[1]
    moto = subprocess.Popen(["moto_server", "-H", "127.0.0.1", "-p", port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(150):
            try:
                urllib.request.urlopen(MOTO + "/moto-api/")
                break
            except OSError:
                time.sleep(0.2)
        bridge = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bridge)
        threading.Thread(target=bridge.serve_forever, daemon=True).start()
        objects, points, regions = seed(CASE)
        print(f"{CASE.name}: {objects} objects and {points} points in moto")
        case = tomllib.loads((CASE / "case.toml").read_text())
        args, question = case["args"], ["report", "--now", case["now"]]
        inputs = ("--cloudtrail", "--metrics", "--quotas", "--health")
        rest = [word for pair in zip(args[::2], args[1::2]) if pair[0] not in inputs for word in pair]
        files = [word for pair in zip(args[::2], args[1::2]) if pair[0] in inputs[:2] for word in pair]
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "live").mkdir()
            (folder / "files").mkdir()
            url = f"http://127.0.0.1:{bridge.server_port}"
            environment = {"HOME": str(folder), "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", "ECR_INCIDENT_STATUS_URL": url + "/status"}
            live, said = report([*question, *rest, "--region", ",".join(regions), "--live"], folder / "live", environment)
            files, _ = report([*question, *rest, *files, "--offline"], folder / "files", {"HOME": str(folder)})
        print(said)
        for row in live["coverage"]:
            print(f"{row['noun']:8} {row['outcome']}")
        print("asked:", ", ".join(f"{name} x{Bridge.seen.count(name)}" for name in sorted({re.sub(r'GET /trail-bucket/.*gz', 'GET object', name) for name in Bridge.seen})))
        same = claims(live) == claims(files)
        print("the same incidents, funnel and anomalies" if same else f"DIFFERENT:\n{claims(live)}\n{claims(files)}")
        sys.exit(0 if same else 1)
    finally:
        moto.terminate()
        moto.wait()


main()
