use super::*;
use crate::account::mws_workspaces::blocks::WorkspaceToken;

fn workspace() -> MwsWorkspaces {
    MwsWorkspaces {
        workspace_name: "a".into(),
        aws_region: "eu-west-1".into(),
        credentials_id: "c-1".into(),
        storage_configuration_id: "s-1".into(),
        is_no_public_ip_enabled: true.into(),
        ..Default::default()
    }
}

fn running() -> MwsWorkspaces {
    MwsWorkspaces {
        deployment_name: "dbc-1".into(),
        effective_compute_mode: "HYBRID".into(),
        pricing_tier: "PREMIUM".into(),
        workspace_status: "RUNNING".into(),
        ..workspace()
    }
}

/// The planned object and what replaces it, where the generic planner has put the configuration's values into the prior object and
/// `candidates` would replace it.
fn planned(prior: &MwsWorkspaces, config: &MwsWorkspaces, candidates: &[&str]) -> Result<(MwsWorkspaces, Vec<Path>)> {
    let mut planned = MwsWorkspaces {
        id: prior.id.clone(),
        deployment_name: if config.deployment_name.is_known() { config } else { prior }.deployment_name.clone(),
        pricing_tier: if config.pricing_tier.is_known() { config } else { prior }.pricing_tier.clone(),
        effective_compute_mode: prior.effective_compute_mode.clone(),
        network_connectivity_config_id: if config.network_connectivity_config_id.is_known() { config } else { prior }
            .network_connectivity_config_id
            .clone(),
        workspace_status: Attr::Unknown,
        ..config.clone()
    };
    let mut replaces: Vec<Path> = candidates.iter().map(|name| Path::attribute(name)).collect();
    plan(Some(prior), config, &mut planned, &mut replaces).map(|()| (planned, replaces))
}

#[test]
fn what_was_set_outside_is_no_change() {
    for (prior, candidates) in [
        (MwsWorkspaces { network_connectivity_config_id: "ncc".into(), ..running() }, &[][..]),
        (MwsWorkspaces { network_id: "n".into(), ..running() }, &[]),
        (MwsWorkspaces { managed_services_customer_managed_key_id: "k".into(), ..running() }, &[]),
        (MwsWorkspaces { storage_customer_managed_key_id: "k".into(), ..running() }, &[]),
        (MwsWorkspaces { pricing_tier: "ENTERPRISE".into(), ..running() }, &[]),
        (MwsWorkspaces { compute_mode: "HYBRID".into(), ..running() }, &["compute_mode"]),
        (MwsWorkspaces { customer_managed_key_id: "k".into(), ..running() }, &["customer_managed_key_id"]),
        (running(), &["is_no_public_ip_enabled"]),
    ] {
        assert_eq!(planned(&prior, &workspace(), candidates).unwrap(), (prior, vec![]));
    }
}

#[test]
fn settings_that_cannot_be_removed_are_an_error_with_the_way_out() {
    let prior = MwsWorkspaces { private_access_settings_id: "pas-1".into(), ..running() };
    let error = planned(&prior, &workspace(), &[]).unwrap_err();
    assert!(error.to_string().contains("private_access_settings_id = \"pas-1\""), "{error}");
    let other = MwsWorkspaces { private_access_settings_id: "pas-2".into(), ..workspace() };
    let (planned, replaces) = planned(&prior, &other, &[]).unwrap();
    assert_eq!((planned.private_access_settings_id.text(), replaces), ("pas-2", vec![]));
}

#[test]
fn a_workspace_is_what_it_is_whoever_says_so() {
    let serverless = MwsWorkspaces { effective_compute_mode: "SERVERLESS".into(), ..running() };
    for (prior, asked, replaced) in [
        (&running(), "HYBRID", false),
        (&running(), "SERVERLESS", true),
        (&serverless, "SERVERLESS", false),
        (&serverless, "HYBRID", true),
    ] {
        let config = MwsWorkspaces { compute_mode: asked.into(), ..workspace() };
        let (_, replaces) = planned(prior, &config, &["compute_mode"]).unwrap();
        assert_eq!(!replaces.is_empty(), replaced, "{asked}");
    }
}

#[test]
fn a_deployment_name_is_the_same_behind_the_accounts_prefix() {
    let prior = MwsWorkspaces { deployment_name: "acme-team".into(), ..running() };
    for (name, replaced) in [("team", false), ("other", true)] {
        let config = MwsWorkspaces { deployment_name: name.into(), ..workspace() };
        let (_, replaces) = planned(&prior, &config, &["deployment_name"]).unwrap();
        assert_eq!(!replaces.is_empty(), replaced, "{name}");
    }
}

#[test]
fn a_token_that_is_lost_or_lives_otherwise_is_issued_anew_and_nothing_else_is() {
    let token = |lifetime: i64, comment: &str| WorkspaceToken {
        comment: comment.into(),
        lifetime_seconds: lifetime.into(),
        ..WorkspaceToken::default()
    };
    let good =
        WorkspaceToken { token_id: "t".into(), token_value: tfplugin::Secret::from("v").into(), ..token(60, "a") };
    for (old, wanted, renewed) in [
        (good.clone(), token(60, "a"), false),
        (good.clone(), token(60, "b"), false),
        (good.clone(), token(90, "a"), true),
        (token(60, "a"), token(60, "a"), true),
    ] {
        let prior = MwsWorkspaces { token: old.into(), ..running() };
        let config = MwsWorkspaces { token: wanted.into(), ..workspace() };
        let (planned, replaces) = planned(&prior, &config, &[]).unwrap();
        let token = planned.token.known().unwrap();
        assert_eq!((token.token_id.is_unknown(), token.token_value.is_unknown()), (renewed, renewed), "{config:?}");
        assert!(replaces.is_empty());
    }
}

#[test]
fn what_makes_no_sense_is_refused_where_it_stands() {
    let check = |config: MwsWorkspaces, expected: &[&str]| {
        let paths: Vec<_> = validate(&config).into_iter().filter_map(|one| one.path).collect();
        assert_eq!(paths, expected.iter().map(|name| (*name).into()).collect::<Vec<Path>>());
    };
    check(workspace(), &[]);
    check(MwsWorkspaces { aws_region: Attr::Null, ..workspace() }, &["aws_region"]);
    check(MwsWorkspaces { credentials_id: Attr::Null, ..workspace() }, &["credentials_id"]);
    check(
        MwsWorkspaces {
            compute_mode: "SERVERLESS".into(),
            credentials_id: Attr::Null,
            storage_configuration_id: Attr::Null,
            ..workspace()
        },
        &[],
    );
    let both = MwsWorkspaces {
        customer_managed_key_id: "k".into(),
        storage_customer_managed_key_id: "k".into(),
        ..workspace()
    };
    check(both, &["customer_managed_key_id"]);
    check(MwsWorkspaces { token: WorkspaceToken::default().into(), ..workspace() }, &["token"]);
    for region in ["eu-west-1a", "eu_west_1", "EU-WEST-1", "Ireland", "west-1", "eu-west-"] {
        check(MwsWorkspaces { aws_region: region.into(), ..workspace() }, &["aws_region"]);
    }
    for region in ["us-gov-west-1", "ap-southeast-10", "eusc-de-east-1"] {
        check(MwsWorkspaces { aws_region: region.into(), ..workspace() }, &[]);
    }
    check(MwsWorkspaces { aws_region: Attr::Unknown, pricing_tier: Attr::Unknown, ..workspace() }, &[]);
    check(MwsWorkspaces { pricing_tier: "enterprise".into(), ..workspace() }, &[]);
    check(
        MwsWorkspaces { aws_region: "Ireland".into(), pricing_tier: "GOLD".into(), ..workspace() },
        &["aws_region", "pricing_tier"],
    );
}
