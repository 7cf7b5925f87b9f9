//! The texts of the machine contract: names by what their field says, sentences and messages as such.
//!
//! Every field that holds text from logs is named here; what is taken over whole (`..clone()`) are
//! numbers, times and words of the contract itself. The scan of the finished bytes is the second net.

use super::Walk;
use crate::redact::Kind;
use crate::report::contract::{
    Anomaly, Change, Code, Consumer, Contract, Control, Coverage, Evidence, FunnelStep, Gap,
    Health, HealthMatch, HealthRejected, Incident, Quota, Reason, Rejected, Request, Scope, Share,
    Verdict,
};
use crate::report::escape::Untrusted;

impl Walk<'_> {
    pub(super) fn contract(&mut self, contract: &Contract) -> Contract {
        let Contract {
            schema_version,
            tool,
            generated_at,
            window,
            scope,
            status,
            status_reason,
            incidents,
            anomalies,
            health,
            coverage,
            funnel,
            evidence,
            gaps,
            seal,
            redaction,
        } = contract;
        Contract {
            schema_version,
            tool: tool.clone(),
            generated_at: *generated_at,
            window: window.clone(),
            scope: self.scope(scope),
            status,
            status_reason: self.prose(status_reason),
            incidents: incidents.iter().map(|one| self.incident(one)).collect(),
            anomalies: anomalies.iter().map(|one| self.anomaly(one)).collect(),
            health: self.health(health),
            coverage: coverage.iter().map(|one| self.coverage(one)).collect(),
            funnel: funnel.iter().map(|one| self.funnel_step(one)).collect(),
            evidence: evidence.iter().map(|one| self.evidence(one)).collect(),
            gaps: gaps.iter().map(|one| self.gap(one)).collect(),
            seal: seal.clone(),
            redaction: *redaction,
        }
    }

    fn scope(&mut self, scope: &Scope) -> Scope {
        let Scope {
            accounts,
            regions,
            repositories,
            event_sources,
        } = scope;
        Scope {
            accounts: accounts
                .iter()
                .map(|name| self.named(Kind::Account, name))
                .collect(),
            regions: regions.iter().map(|name| self.ours(name)).collect(),
            repositories: repositories
                .iter()
                .map(|name| self.named(Kind::Repository, name))
                .collect(),
            event_sources: event_sources.iter().map(|name| self.ours(name)).collect(),
        }
    }

    fn incident(&mut self, incident: &Incident) -> Incident {
        Incident {
            account: self.name(Kind::Account, &incident.account),
            region: self.log(&incident.region),
            apis: self.logs(&incident.apis),
            verdict: self.verdict(&incident.verdict),
            health_matches: incident
                .health_matches
                .iter()
                .map(|one| self.health_match(one))
                .collect(),
            changes: incident
                .changes
                .iter()
                .map(|one| self.change(one))
                .collect(),
            repairs: incident
                .repairs
                .iter()
                .map(|one| self.change(one))
                .collect(),
            principals: self.shares(Kind::Principal, &incident.principals),
            repositories: self.shares(Kind::Repository, &incident.repositories),
            vpc_endpoints: self.shares(Kind::Endpoint, &incident.vpc_endpoints),
            quota: incident
                .quota
                .iter()
                .map(|(api, quota)| (self.ours(api), self.quota(quota)))
                .collect(),
            codes: incident.codes.iter().map(|one| self.code(one)).collect(),
            controls: incident
                .controls
                .iter()
                .map(|one| self.control(one))
                .collect(),
            requests: incident
                .requests
                .iter()
                .map(|one| self.request(one))
                .collect(),
            // Numbers, times and words of the contract.
            ..incident.clone()
        }
    }

    fn shares(&mut self, kind: Kind, shares: &[Share]) -> Vec<Share> {
        shares
            .iter()
            .map(|share| Share {
                name: self.name(kind, &share.name),
                ..share.clone()
            })
            .collect()
    }

    fn verdict(&mut self, verdict: &Verdict) -> Verdict {
        let reasons = |walk: &mut Self, reasons: &[Reason]| -> Vec<Reason> {
            reasons
                .iter()
                .map(|Reason { text, evidence }| Reason {
                    text: walk.prose(text),
                    evidence: evidence.clone(),
                })
                .collect()
        };
        let Verdict {
            side,
            cause,
            confidence,
            evidence_for,
            evidence_against,
            would_change,
            rejected,
        } = verdict;
        Verdict {
            side,
            cause: cause.clone(),
            confidence,
            evidence_for: reasons(self, evidence_for),
            evidence_against: reasons(self, evidence_against),
            would_change: would_change.iter().map(|text| self.prose(text)).collect(),
            rejected: rejected
                .iter()
                .map(|Rejected { cause, why, score }| Rejected {
                    cause: cause.clone(),
                    why: self.prose(why),
                    score: *score,
                })
                .collect(),
        }
    }

    fn health_match(&mut self, one: &HealthMatch) -> HealthMatch {
        HealthMatch {
            arn: self.log(&one.arn),
            service: self.log(&one.service),
            region: self.log(&one.region),
            rule: self.prose(&one.rule),
            ..one.clone()
        }
    }

    fn change(&mut self, change: &Change) -> Change {
        Change {
            api: self.log(&change.api),
            principal: self.name(Kind::Principal, &change.principal),
            resource: self.name(Kind::Resource, &change.resource),
            why: self.prose(&change.why),
            event_id: self.name(Kind::Event, &change.event_id),
            event_source: self.log(&change.event_source),
            error_code: self.log(&change.error_code),
            ..change.clone()
        }
    }

    fn quota(&mut self, quota: &Quota) -> Quota {
        Quota {
            code: self.ours(&quota.code),
            // Quotes the name of the quota as the answer gives it.
            basis: self.ours(&quota.basis),
            consumers: quota
                .consumers
                .iter()
                .map(|Consumer { name, calls }| Consumer {
                    name: self.name(Kind::Principal, name),
                    calls: *calls,
                })
                .collect(),
            ..quota.clone()
        }
    }

    fn code(&mut self, code: &Code) -> Code {
        Code {
            api: self.log(&code.api),
            code: self.log(&code.code),
            message: self.log(&code.message),
            ..code.clone()
        }
    }

    fn control(&mut self, control: &Control) -> Control {
        let name: Untrusted = match control.kind.as_str() {
            "account" => self.name(Kind::Account, &control.name),
            "principal" => self.name(Kind::Principal, &control.name),
            "repository" => self.name(Kind::Repository, &control.name),
            "endpoint" => self.name(Kind::Endpoint, &control.name),
            _ => self.log(&control.name),
        };
        Control {
            name,
            ..control.clone()
        }
    }

    fn request(&mut self, request: &Request) -> Request {
        let Request {
            request_id,
            event_id,
            time,
            api,
            error_code,
            error_message,
            principal,
            repository,
            why_chosen,
            class,
            session,
            vpc_endpoint,
            source,
            user_agent,
        } = request;
        Request {
            request_id: self.name(Kind::Request, request_id),
            event_id: self.name(Kind::Event, event_id),
            time: *time,
            api: self.log(api),
            error_code: self.log(error_code),
            error_message: self.log(error_message),
            principal: self.name(Kind::Principal, principal),
            repository: self.name(Kind::Repository, repository),
            why_chosen: self.prose(why_chosen),
            class,
            session: self.name(Kind::Session, session),
            vpc_endpoint: self.name(Kind::Endpoint, vpc_endpoint),
            source: self.name(Kind::Host, source),
            user_agent: self.log(user_agent),
        }
    }

    fn anomaly(&mut self, anomaly: &Anomaly) -> Anomaly {
        Anomaly {
            series: self.prose(&anomaly.series),
            unit: self.ours(&anomaly.unit),
            ..anomaly.clone()
        }
    }

    fn health(&mut self, health: &Health) -> Health {
        Health {
            rejected: health
                .rejected
                .iter()
                .map(|HealthRejected { arn, why }| HealthRejected {
                    arn: self.log(arn),
                    why: self.prose(why),
                })
                .collect(),
            ..health.clone()
        }
    }

    fn coverage(&mut self, row: &Coverage) -> Coverage {
        Coverage {
            account: self.name(Kind::Account, &row.account),
            region: self.log(&row.region),
            why: self.prose(&row.why),
            signed: row.signed.as_ref().map(|words| self.prose(words)),
            skipped_by: row
                .skipped_by
                .iter()
                .map(|(reason, count)| (self.ours(reason), *count))
                .collect(),
            ..row.clone()
        }
    }

    fn funnel_step(&mut self, step: &FunnelStep) -> FunnelStep {
        FunnelStep {
            account: self.name(Kind::Account, &step.account),
            region: self.log(&step.region),
            apis: self.logs(&step.apis),
            ..step.clone()
        }
    }

    fn evidence(&mut self, line: &Evidence) -> Evidence {
        let Evidence {
            id,
            noun,
            query,
            params,
            rows,
            sha256,
        } = line;
        Evidence {
            id: id.clone(),
            noun: noun.clone(),
            query: self.prose(query),
            params: self.name(Kind::File, params),
            rows: *rows,
            sha256: sha256.clone(),
        }
    }

    fn gap(&mut self, gap: &Gap) -> Gap {
        let Gap {
            noun,
            what,
            consequence,
            hint,
        } = gap;
        Gap {
            noun: noun.clone(),
            what: self.prose(what),
            consequence: self.prose(consequence),
            hint: self.prose(hint),
        }
    }
}
