"""A night's messages received by moto's SNS (through SQS), S3 and Secrets Manager.

    pip install 'moto[server]==5.2.1' boto3
    python3 tests/servers/notify.py target/release/ecr-incident

Runs a night over a fixture case with three channels: a topic, a bucket, and a webhook whose address is a secret. The
topic's queue must hold one message, the bucket the night's files byte for byte, the webhook one post; the same night
once more must send nothing. Exit code 1 when something differs.
"""

import http.server, json, os, pathlib, socket, subprocess, sys, tempfile, threading, time, urllib.request

import boto3

BINARY = pathlib.Path(sys.argv[1]).resolve()
CASE = pathlib.Path(__file__).parents[2] / "fixtures/cases/aws_fault_late_health"
REGION = "us-east-1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


posts = []


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        posts.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=hook.serve_forever, daemon=True).start()
port = free_port()
url = f"http://127.0.0.1:{port}"
server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(100):
        try:
            urllib.request.urlopen(url + "/moto-api/", timeout=1)
            break
        except OSError:
            time.sleep(0.1)
    keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "x", "region_name": REGION, "endpoint_url": url}
    sns, sqs, s3, vault = (boto3.client(name, **keys) for name in ("sns", "sqs", "s3", "secretsmanager"))
    topic = sns.create_topic(Name="ops")["TopicArn"]
    queue = sqs.create_queue(QueueName="ops")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    s3.create_bucket(Bucket="reports")
    secret = vault.create_secret(Name="hook", SecretString=f"http://127.0.0.1:{hook.server_port}/hook")["ARN"]

    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        (scratch / "channels.toml").write_text(
            f'[[channel]]\nname = "topic"\nkind = "sns"\ntopic = "{topic}"\n\n'
            '[[channel]]\nname = "archive"\nkind = "s3"\nbucket = "reports"\nprefix = "ecr/"\n\n'
            f'[[channel]]\nname = "hook"\nkind = "webhook"\nurl = {{ secret = "{secret}" }}\n')
        home = scratch / "home"
        home.mkdir()
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": REGION,
               "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true"}

        def night():
            command = [BINARY, "nightly", "--offline", "--cloudtrail", CASE / "trail", "--health", CASE / "health-events.json", "--day", "2026-03-11",
                       "--now", "2026-03-12T06:00:00Z", "--state", scratch / "state", "--out", scratch / "nights", "--notify", scratch / "channels.toml"]
            done = subprocess.run(command, env=env, capture_output=True, text=True)
            assert done.returncode == 0, (done.returncode, done.stderr)

        def received():
            messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            for one in messages:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
            return [json.loads(one["Body"]) for one in messages]

        night()
        told = received()
        assert len(told) == 1, told
        assert told[0]["Subject"] and "us-east-1" in told[0]["Message"], told
        files = {path.name: path.read_bytes() for path in (scratch / "nights").rglob("nightly.*")}
        assert sorted(files) == ["nightly.html", "nightly.json", "nightly.md"], sorted(files)
        stored = {item["Key"]: s3.get_object(Bucket="reports", Key=item["Key"])["Body"].read() for item in s3.list_objects_v2(Bucket="reports")["Contents"]}
        for name, content in files.items():
            assert [content] == [body for key, body in stored.items() if key.startswith("ecr/") and key.endswith("/" + name)], (name, sorted(stored))
        assert len(posts) == 1, posts
        night()
        assert received() == [] and len(posts) == 1, "sent twice"
        print(f"subject: {told[0]['Subject']}\nstored: {', '.join(sorted(stored))}\nthe topic, the bucket and the webhook got the night once")
finally:
    server.terminate()
