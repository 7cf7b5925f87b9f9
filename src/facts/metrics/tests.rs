use super::*;
use crate::case::rfc3339;
use chrono::DateTime;
use proptest::prelude::*;
use serde_json::json;

fn whole() -> Interval {
    let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    Interval::new(at("2024-09-01T00:00:00Z"), at("2024-10-01T00:00:00Z"))
}

fn with(answers: &[(&str, Value)]) -> Vec<(RawAnswer, String)> {
    answers
        .iter()
        .enumerate()
        .map(|(index, (input, answer))| {
            let shape = if answer.get("MetricDataResults").is_some() {
                Shape::GetMetricData
            } else {
                Shape::MetricDataQueries
            };
            let raw = RawAnswer {
                input: (*input).to_owned(),
                shape,
                answer: answer.clone(),
            };
            (raw, format!("E{}", index + 1))
        })
        .collect()
}

fn results(list: &[Value]) -> Value {
    json!({"MetricDataResults": list, "Messages": []})
}

fn result(id: &str, label: &str, points: &[(&str, f64)]) -> Value {
    json!({
        "Id": id, "Label": label, "StatusCode": "Complete",
        "Timestamps": points.iter().map(|(at, _)| format!("2024-09-29T{at}:00+00:00")).collect::<Vec<_>>(),
        "Values": points.iter().map(|(_, value)| value).collect::<Vec<_>>(),
    })
}

fn query(id: &str, namespace: &str, metric: &str, stat: &str, dimensions: &Value) -> Value {
    let dimensions: Vec<Value> = dimensions
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| json!({"Name": name, "Value": value}))
        .collect();
    json!({"Id": id, "MetricStat": {"Metric": {"Namespace": namespace, "MetricName": metric,
        "Dimensions": dimensions}, "Period": 300, "Stat": stat}})
}

/// The meaning of one series known by label and ID alone.
fn told(id: &str, label: &str, values: &[f64]) -> Meaning {
    let times = ["22:10", "22:11", "22:12"];
    let points: Vec<(&str, f64)> = times.into_iter().zip(values.iter().copied()).collect();
    let answers = with(&[("a", results(&[result(id, label, &points)]))]);
    series(&answers, whole())[0].meaning.clone()
}

/// The meaning of one series with its query.
fn asked(query: &Value, label: &str) -> Meaning {
    let mut answer = results(&[result("m1", label, &[("22:10", 1.0), ("22:11", 4.0)])]);
    answer["MetricDataQueries"] = json!([query]);
    series(&with(&[("a", answer)]), whole())[0].meaning.clone()
}

fn call_count(api: &str) -> Meaning {
    Meaning::CallCount {
        api: api.to_owned(),
    }
}

#[test]
fn the_sample_of_the_cli_reference() {
    let answer = json!({"MetricDataResults": [{"Id": "m3", "Label": "Avg Total IOPS",
        "Timestamps": ["2024-09-29T22:10:00+00:00"], "Values": [96.85],
        "StatusCode": "Complete"}], "Messages": []});
    let all = series(&with(&[("iops.json", answer)]), whole());
    let [one] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(one.name, "Avg Total IOPS");
    assert_eq!(one.meaning, Meaning::Gauge);
    assert_eq!((one.period_s, one.status.as_str()), (60, "Complete"));
    assert_eq!((one.region.clone(), one.account.clone()), (None, None));
    assert_eq!(one.points.len(), 1);
    assert_eq!(one.evidence, "E1");
}

#[test]
fn newest_first_pages_become_one_ascending_series() {
    let mut first = results(&[result("m1", "calls", &[("22:14", 4.0), ("22:13", 3.0)])]);
    first["NextToken"] = json!("more");
    first["MetricDataResults"][0]["StatusCode"] = json!("PartialData");
    let last = results(&[result("m1", "calls", &[("22:12", 2.0), ("22:11", 1.0)])]);
    let all = series(&with(&[("a", first.clone()), ("b", last)]), whole());
    let [one] = all.as_slice() else {
        panic!("{all:?}")
    };
    let seen: Vec<_> = one
        .points
        .iter()
        .map(|(at, v)| (rfc3339(*at), *v))
        .collect();
    assert_eq!(seen[0], ("2024-09-29T22:11:00Z".to_owned(), 1.0));
    assert_eq!(seen.len(), 4);
    assert_eq!(one.status, "Complete");
    assert_eq!(one.period_s, 60);
    let alone = series(&with(&[("a", first)]), whole());
    assert_eq!(alone[0].status, "PartialData");
}

#[test]
fn the_worst_word_of_the_pages_is_kept() {
    let mut answers = Vec::new();
    for status in ["Complete", "Forbidden", "PartialData"] {
        let mut answer = results(&[result("m1", "calls", &[("22:14", 4.0)])]);
        answer["MetricDataResults"][0]["StatusCode"] = json!(status);
        answers.push(("a", answer));
    }
    assert_eq!(series(&with(&answers), whole())[0].status, "Forbidden");
}

#[test]
fn times_in_every_form_and_values_of_every_kind() {
    let answer = json!({"MetricDataResults": [{"Id": "m1", "Label": "x",
        "Timestamps": ["2024-09-29T22:10:00Z", 1_727_647_860, 1_727_647_920.0, "soon",
            "2024-09-29T15:13:00-07:00", "2024-09-29T22:14:00Z", "2024-09-29T22:15:00Z"],
        "Values": [1, 2, 3.0, 4, 5, "NaN", null]}]});
    let all = series(&with(&[("a", answer)]), whole());
    let values: Vec<f64> = all[0].points.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [1.0, 2.0, 3.0, 5.0]);
    assert_eq!(all[0].status, "Complete");
}

#[test]
fn points_outside_the_question_are_left_out_but_the_series_stays() {
    let far = Interval::new(crate::case::instant(0), crate::case::instant(60));
    let answers = with(&[("a", results(&[result("m1", "x", &[("22:14", 4.0)])]))]);
    let all = series(&answers, far);
    assert_eq!((all.len(), all[0].points.len()), (1, 0));
}

#[test]
fn a_call_count_is_told_by_its_query() {
    let dims = |service: &str, resource: &str| json!({"Service": service, "Type": "API", "Resource": resource, "Class": "None"});
    let ask = |service: &str, resource: &str, stat: &str| {
        asked(
            &query(
                "m1",
                "AWS/Usage",
                "CallCount",
                stat,
                &dims(service, resource),
            ),
            "anything",
        )
    };
    assert_eq!(
        ask("ECR", "BatchGetImage", "Sum"),
        call_count("BatchGetImage")
    );
    assert_eq!(ask("ECR", "BatchGetImage", "Average"), Meaning::Gauge);
    // The public registry and other services count calls too, but not these.
    assert_eq!(
        ask("ECR Public", "GetAuthorizationToken", "Sum"),
        Meaning::Count
    );
    assert_eq!(ask("EC2", "DescribeInstances", "Sum"), Meaning::Count);
}

#[test]
fn other_metrics_are_told_by_their_query() {
    let pulls = query(
        "m1",
        "AWS/ECR",
        "RepositoryPullCount",
        "Sum",
        &json!({"RepositoryName": "team/app"}),
    );
    assert_eq!(
        asked(&pulls, "x"),
        Meaning::PullCount {
            repository: "team/app".to_owned()
        }
    );
    let resets = query(
        "m1",
        "AWS/PrivateLinkEndpoints",
        "RstPacketsReceived",
        "Sum",
        &json!({"VPC Endpoint Id": "vpce-0a1b", "Service Name": "com.amazonaws.eu-west-1.ecr.dkr"}),
    );
    let mut answer = results(&[result("m1", "x", &[("22:10", 1.0)])]);
    answer["MetricDataQueries"] = json!([resets]);
    let all = series(&with(&[("a", answer)]), whole());
    assert_eq!(
        all[0].meaning,
        Meaning::PrivateLink {
            metric: "RstPacketsReceived".to_owned(),
            endpoint: "vpce-0a1b".to_owned()
        }
    );
    assert_eq!(all[0].region.as_deref(), Some("eu-west-1"));
    assert_eq!(all[0].period_s, 300);
    for (metric, stat, expected) in [
        ("Errors5xx", "Sum", Meaning::Count),
        ("Errors5xx", "p99", Meaning::Gauge),
        ("PullDuration", "Sum", Meaning::Gauge),
    ] {
        assert_eq!(
            asked(&query("m1", "Own", metric, stat, &json!({})), "x"),
            expected
        );
    }
}

#[test]
fn queries_may_come_in_their_own_file_in_either_form() {
    let dims = json!({"Service": "ECR", "Resource": "PutImage"});
    let one = query("m1", "AWS/Usage", "CallCount", "Sum", &dims);
    let data = results(&[result("m1", "x", &[("22:10", 1.0)])]);
    for queries in [
        json!([one.clone()]),
        json!({"MetricDataQueries": [one.clone()]}),
    ] {
        let all = series(&with(&[("d", data.clone()), ("q", queries)]), whole());
        assert_eq!(all[0].meaning, call_count("PutImage"));
    }
    // Two files that disagree about `m1` tell nothing about a third.
    let other = query("m1", "AWS/ECR", "RepositoryPullCount", "Sum", &json!({}));
    let all = series(
        &with(&[("d", data), ("q", json!([one])), ("r", json!([other]))]),
        whole(),
    );
    assert_eq!(all[0].meaning, Meaning::Count);
}

#[test]
fn expressions_are_followed() {
    let dims = json!({"Service": "ECR", "Resource": "PutImage"});
    let inner = query("m1", "AWS/Usage", "CallCount", "Sum", &dims);
    let ask = |expression: &str, label: &str| {
        let mut answer = results(&[result("e1", label, &[("22:10", 1.0)])]);
        answer["MetricDataQueries"] = json!([inner, {"Id": "e1", "Expression": expression}]);
        series(&with(&[("a", answer)]), whole())[0].meaning.clone()
    };
    assert_eq!(ask("FILL(m1, 0)", "x"), call_count("PutImage"));
    assert_eq!(ask("m1", "x"), call_count("PutImage"));
    assert_eq!(ask("m1/PERIOD(m1)", "BatchGetImage"), Meaning::Gauge);
    assert_eq!(ask("SERVICE_QUOTA(m1)", "x"), Meaning::Gauge);
    assert_eq!(ask("m1+m1", "x"), Meaning::Count);
    assert_eq!(ask("FILL(e1, 0)", "x"), Meaning::Count);
    assert_eq!(
        ask(
            "SEARCH('{AWS/ECR,RepositoryName} MetricName=\"RepositoryPullCount\"', 'Sum', 60)",
            "team/app"
        ),
        Meaning::PullCount {
            repository: "team/app".to_owned()
        }
    );
    let usage = "SEARCH('{AWS/Usage,Class,Resource,Service,Type} Service=\"ECR\" \
                 MetricName=\"CallCount\"', 'Sum', 60)";
    assert_eq!(
        ask(usage, "ECR API BatchGetImage None"),
        call_count("BatchGetImage")
    );
    assert_eq!(
        ask(&usage.replace("'Sum'", "'Average'"), "BatchGetImage"),
        Meaning::Gauge
    );
    assert_eq!(
        ask(&usage.replace("ECR", "ECR Public"), "BatchGetImage"),
        Meaning::Count
    );
}

#[test]
fn labels_alone() {
    for label in [
        "BatchGetImage",
        "CallCount BatchGetImage",
        "us-east-1 111122223333 AWS/Usage ECR BatchGetImage CallCount",
    ] {
        assert_eq!(
            told("m1", label, &[1.0, 2.0]),
            call_count("BatchGetImage"),
            "{label}"
        );
    }
    assert_eq!(
        told("callcount_putimage", "", &[1.0]),
        call_count("PutImage")
    );
    // Each of these names the API and is not its call count.
    for (id, label) in [
        ("m1", "BatchGetImage 5xx"),
        ("m1", "BatchGetImage throttled"),
        ("m1", "ECR Public GetAuthorizationToken"),
        ("errors", "BatchGetImage"),
        ("m1", "BatchGetImage PutImage"),
        ("m1", "BatchGetImage staging"),
    ] {
        assert_eq!(told(id, label, &[1.0]), Meaning::Count, "{id} {label}");
    }
    assert_eq!(told("m1", "BatchGetImage", &[1.5]), Meaning::Gauge);
    assert_eq!(told("m1", "BatchGetImage", &[-1.0]), Meaning::Gauge);
    for label in [
        "CPUUtilization",
        "p99 latency",
        "errors %",
        "TargetDuration",
    ] {
        assert_eq!(told("m1", label, &[1.0]), Meaning::Gauge, "{label}");
    }
    assert_eq!(told("m1", "failed jobs count", &[1.5]), Meaning::Count);
    assert_eq!(told("m1", "jobs", &[1.5]), Meaning::Gauge);
    assert_eq!(told("m1", "jobs", &[1.0]), Meaning::Count);
    let link = |metric: &str, endpoint: &str| Meaning::PrivateLink {
        metric: metric.to_owned(),
        endpoint: endpoint.to_owned(),
    };
    assert_eq!(
        told("m1", "vpce-0a1b2c NewConnections", &[1.0]),
        link("NewConnections", "vpce-0a1b2c")
    );
    assert_eq!(
        told("m1", "RstPacketsReceived", &[1.0]),
        link("RstPacketsReceived", "")
    );
    assert_eq!(told("m1", "NewConnections", &[1.0]), Meaning::Count);
    assert_eq!(
        told("m1", "RepositoryPullCount team/app", &[1.0]),
        Meaning::PullCount {
            repository: "team/app".to_owned()
        }
    );
}

#[test]
fn region_and_account_come_from_wrapper_query_or_label() {
    let mut wrapped = results(&[result("m1", "x", &[("22:10", 1.0)])]);
    wrapped["Region"] = json!("eu-west-1");
    wrapped["AccountId"] = json!("111122223333");
    let labelled = results(&[result("m1", "us-east-1 444455556666 x", &[("22:10", 1.0)])]);
    let all = series(&with(&[("a", wrapped), ("b", labelled)]), whole());
    let seen: Vec<_> = all
        .iter()
        .map(|one| (one.region.as_deref(), one.account.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some("us-east-1"), Some("444455556666")),
            (Some("eu-west-1"), Some("111122223333"))
        ]
    );
}

#[test]
fn one_series_fetched_twice_is_one_and_two_regions_are_two() {
    let earlier = results(&[result(
        "m1",
        "BatchGetImage",
        &[
            ("22:10", 5.0),
            ("22:11", 6.0),
            ("22:12", 7.0),
            ("22:13", 8.0),
            ("22:14", 1.0),
        ],
    )]);
    let later = results(&[result(
        "m1",
        "BatchGetImage",
        &[
            ("22:10", 5.0),
            ("22:11", 6.0),
            ("22:12", 7.0),
            ("22:13", 8.0),
            ("22:14", 9.0),
        ],
    )]);
    for pair in [[&earlier, &later], [&later, &earlier]] {
        let all = series(
            &with(&[("a", pair[0].clone()), ("b", pair[1].clone())]),
            whole(),
        );
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].points.last().map(|(_, value)| *value), Some(9.0));
        assert_eq!(all[0].meaning, call_count("BatchGetImage"));
    }
    let elsewhere = results(&[result(
        "m1",
        "BatchGetImage",
        &[
            ("22:10", 50.0),
            ("22:11", 60.0),
            ("22:12", 70.0),
            ("22:13", 80.0),
        ],
    )]);
    let all = series(&with(&[("a", later), ("b", elsewhere)]), whole());
    let seen: Vec<_> = all
        .iter()
        .map(|one| (one.name.as_str(), &one.meaning))
        .collect();
    assert_eq!(
        seen,
        [
            ("BatchGetImage (a)", &Meaning::Count),
            ("BatchGetImage (b)", &Meaning::Count)
        ]
    );
}

proptest! {
    #[test]
    fn pages_join_the_same_in_any_order(
        values in prop::collection::vec(0u32..1000, 1..40),
        cut in 0usize..40,
        swap in any::<bool>(),
    ) {
        let times: Vec<i64> = (0..values.len() as i64).map(|n| 1_727_640_000 + n * 60).collect();
        let cut = cut.min(values.len());
        let page = |range: std::ops::Range<usize>| results(&[json!({"Id": "m1", "Label": "x",
            "Timestamps": times[range.clone()], "Values": values[range]})]);
        let mut pages = vec![("a", page(0..cut)), ("b", page(cut..values.len()))];
        if swap {
            pages.reverse();
        }
        let all = series(&with(&pages), whole());
        prop_assert_eq!(all.len(), 1);
        let seen: Vec<u32> = all[0].points.iter().map(|(_, value)| *value as u32).collect();
        prop_assert_eq!(seen, values);
        prop_assert!(all[0].points.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn any_label_is_survived(id in "\\PC{0,20}", label in "\\PC{0,60}", expression in "\\PC{0,60}") {
        let mut answer = results(&[result(&id, &label, &[("22:10", 1.0)])]);
        answer["MetricDataQueries"] = json!([{"Id": id, "Expression": expression}]);
        let _ = series(&with(&[("a", answer)]), whole());
    }
}
