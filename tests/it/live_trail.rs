//! Temporary: the trail, live, through an example.
use crate::loopback::{World, archive, bucket::Bucket, logs::Logs, trails::Trails};
use crate::{story, tool};
use std::process::Command;
use std::sync::{Arc, Mutex};

pub(crate) fn world(story: &story::Story) -> Arc<World> {
    let objects = archive::objects(story);
    let account = objects.keys().next().unwrap().split('/').nth(1).unwrap().to_owned();
    let events = archive::events(&objects);
    let logs = Logs::new(&account, "us-east-1", "trail-logs", events.clone());
    let mut trails = Trails::one(&account, "us-east-1", "trail-bucket", &logs.arn());
    trails.events = events;
    Arc::new(World { account, logs: Mutex::new(logs), trails: Mutex::new(trails), bucket: Mutex::new(Bucket::new("trail-bucket", objects)) })
}

#[test]
fn try_it() {
    let name = std::env::var("CASE").unwrap_or("quota_exhaustion_scale_out".into());
    let story = story::all().iter().find(|s| s.name == name).unwrap();
    let world = world(story);
    let server = world.serve();
    let spans: Vec<String> = std::env::var("SPAN").unwrap_or("2026-06-09T15:00:00Z 2026-06-16T15:00:00Z 2026-06-16T19:00:00Z 2026-06-16T20:00:00Z".into()).split(' ').map(str::to_owned).collect();
    for mode in ["-", "trail-logs", "s3://trail-bucket", "s3://trail-bucket/AWSLogs", "lookup"] {
        let dir = tool::scratch(&format!("live_trail/{}", mode.replace(['/', ':'], "_")));
        let out = Command::new("target/release/examples/live_trail").args(&spans).arg(&dir).arg(mode).arg(std::env::var("SOURCE").unwrap_or("-".into()))
            .env("AWS_ENDPOINT_URL", &server.url).env("AWS_ACCESS_KEY_ID", "AKIDTEST").env("AWS_SECRET_ACCESS_KEY", "x").env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap();
        println!("== {mode}\n{}\n{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let logs = world.logs.lock().unwrap().seen.len();
        let (gets, lists) = { let b = world.bucket.lock().unwrap(); (b.gets(), b.lists()) };
        println!("seen logs {logs} gets {gets} lists {lists} ct {}", world.trails.lock().unwrap().seen.len());
    }
}
