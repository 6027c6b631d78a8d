//! Where the deployment's state is kept: scripts/bootstrap_state.sh makes the bucket, moves the state there, goes on where it was cut off,
//! and overwrites nothing of others.

use std::process::Command;

use localcloud::Fault;
use serde_json::Value;

use crate::bench::Bench;
use crate::cloud::{Cloud, venv};
use crate::root_module::{copy_deployment, mirror, run_script_of};

pub const TESTS: &[(&str, fn())] = &[("the_state_moves_into_a_bucket_that_a_script_makes", moves)];

const SCRIPT: &str = "scripts/bootstrap_state.sh";
const BACKEND: &str = "vars/backend.localcloud.hcl";
const FILE: &str = "-var-file=vars/databricks.tfvars";
/// Something of the deployment that is made at once.
const PART: &str = "-target=module.network.databricks_aws_vpc.this";

fn moves() {
    let cloud = Cloud::start();
    let bench = deployed(&cloud);
    let before = bench.run(&["state", "list"]).succeeded().stdout;
    assert!(before.contains("databricks_aws_vpc.this"), "{before}");
    std::fs::remove_file(bench.dir.path().join("backend_override.tf")).unwrap();

    // Once before the bucket is there, once when it is made and not whole.
    for call in ["kms:CreateKey", "s3:PutBucketVersioning"] {
        cloud.fault(fault(call));
        let said = refused(&bench);
        assert!(said.contains("run this again") && said.contains("goes on from where it is"), "{said}");
        assert_eq!(cloud.faults(), 0, "{call} was not called");
        assert!(bench.dir.path().join("terraform.tfstate").exists(), "the state stays until it is moved");
    }
    let said = done(&bench);
    assert!(said.contains("The state is kept in localcloud-terraform-states"), "{said}");
    assert_eq!(bench.run(&["state", "list"]).succeeded().stdout, before);
    assert!(!bench.dir.path().join("terraform.tfstate").exists(), "the state is in one place");
    let backup = std::fs::read_to_string(bench.dir.path().join("terraform.tfstate.backup")).unwrap();
    assert!(backup.contains("databricks_aws_vpc"), "the last state from here: {backup}");
    let said = done(&bench);
    assert!(said.contains("as it should be") && !said.contains("will be"), "{said}");
    is_safe(&bench);

    // A clone that comes later needs nothing but an init; a deployment of its own does not come over this one.
    let other = deployed(&cloud);
    let own = std::fs::read_to_string(other.dir.path().join("terraform.tfstate")).unwrap();
    std::fs::remove_file(other.dir.path().join("backend_override.tf")).unwrap();
    let said = refused(&other);
    assert!(said.contains("another state under lakehouse.tfstate already: choose another key"), "{said}");
    assert_eq!(std::fs::read_to_string(other.dir.path().join("terraform.tfstate")).unwrap(), own);
    assert_eq!(bench.run(&["state", "list"]).succeeded().stdout, before);

    // Without what it noted, the script finds the bucket, and its state in it.
    std::fs::remove_dir_all(bench.dir.path().join(".cache")).unwrap();
    let said = done(&bench);
    assert!(said.contains("as it should be") && !said.contains("taken over"), "{said}");
    written_once(&bench);
    kept_elsewhere(&bench);
    for bench in [&bench, &other] {
        if std::ptr::eq(bench, &other) {
            std::fs::write(other.dir.path().join("backend_override.tf"), "terraform {\n  backend \"local\" {}\n}\n")
                .unwrap();
        }
        bench.run(&["destroy", "-auto-approve", "-no-color", "-input=false", FILE, PART]).succeeded();
    }
    cloud.stop();
}

/// A run that was cut off when it had written the state goes on; a state from before a change comes over nothing.
fn written_once(bench: &Bench) {
    let vpc = "module.network.databricks_aws_vpc.this[0]";
    let [here, backup] = ["terraform.tfstate", "terraform.tfstate.backup"].map(|name| bench.dir.path().join(name));
    let there = || -> Value {
        let state: Value = serde_json::from_str(&bench.run(&["state", "pull"]).succeeded().stdout).unwrap();
        serde_json::json!([state["lineage"], state["serial"], state["resources"]])
    };
    let written = there();
    std::fs::copy(&backup, &here).unwrap();
    done(bench);
    assert!(!here.exists() && there() == written, "what was written already is not written again");

    bench.run(&["taint", vpc]).succeeded();
    let newer = there();
    std::fs::copy(&backup, &here).unwrap();
    let said = refused(bench);
    assert!(said.contains("another state under lakehouse.tfstate already"), "{said}");
    assert!(here.exists() && there() == newer, "both are as they were");
    std::fs::remove_file(&here).unwrap();
    bench.run(&["untaint", vpc]).succeeded();
}

/// A state that is elsewhere than the file says is not moved by the way.
fn kept_elsewhere(bench: &Bench) {
    let file = bench.dir.path().join(BACKEND);
    let choices = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, choices.replace("lakehouse.tfstate", "another.tfstate")).unwrap();
    let said = refused(bench);
    assert!(said.contains("keeps its state elsewhere") && said.contains("-migrate-state"), "{said}");
    std::fs::write(&file, format!("{choices}\nencrypt = true\n")).unwrap();
    let said = refused(bench);
    assert!(said.contains("Leave encrypt out"), "{said}");
    std::fs::write(&file, "region = \"eu-west-1\"\n").unwrap();
    let said = refused(bench);
    assert!(said.contains("names no bucket or no key"), "{said}");
    std::fs::write(&file, choices).unwrap();
}

/// The root module, of which a part is applied with a state in a file.
fn deployed(cloud: &Cloud) -> Bench {
    let mut bench = Bench::new(&cloud.account);
    copy_deployment(bench.dir.path());
    let rc = mirror(bench.dir.path());
    bench.set("TF_CLI_CONFIG_FILE", Some(&rc));
    bench.run(&["init", "-no-color", "-input=false"]).succeeded();
    bench.run(&["apply", "-auto-approve", "-no-color", "-input=false", FILE, PART]).succeeded();
    bench
}

fn done(bench: &Bench) -> String {
    let (has_succeeded, said) = run_script_of(bench, SCRIPT, BACKEND);
    assert!(has_succeeded, "{said}");
    said
}

fn refused(bench: &Bench) -> String {
    let (has_succeeded, said) = run_script_of(bench, SCRIPT, BACKEND);
    assert!(!has_succeeded, "{said}");
    said
}

/// Refuses one call.
fn fault(call: &str) -> Fault {
    serde_json::from_value(serde_json::json!({ "match": call, "times": 1, "status": 403, "code": "AccessDenied" }))
        .unwrap()
}

/// What boto3 says of the bucket, and of the state in it.
fn is_safe(bench: &Bench) {
    let script = "import boto3, json, os
s3, kms = (boto3.client(name, endpoint_url=os.environ['AWS_ENDPOINT_URL'], region_name='eu-west-1') for name in ('s3', 'kms'))
bucket = 'localcloud-terraform-states'
[rule] = s3.get_bucket_encryption(Bucket=bucket)['ServerSideEncryptionConfiguration']['Rules']
key = rule['ApplyServerSideEncryptionByDefault']['KMSMasterKeyID']
state = s3.head_object(Bucket=bucket, Key='lakehouse.tfstate')
print(json.dumps({
    'versioning': s3.get_bucket_versioning(Bucket=bucket)['Status'],
    'closed': set(s3.get_public_access_block(Bucket=bucket)['PublicAccessBlockConfiguration'].values()) == {True},
    'tls': 'aws:SecureTransport' in s3.get_bucket_policy(Bucket=bucket)['Policy'],
    'rotates': kms.get_key_rotation_status(KeyId=key)['KeyRotationEnabled'],
    'state': [state['ServerSideEncryption'], state['SSEKMSKeyId'] == key],
    'keys': len([one for one in kms.list_keys()['Keys'] if kms.describe_key(KeyId=one['KeyId'])['KeyMetadata']['KeyState'] == 'Enabled']),
}))
";
    let environment = bench.command(&[]);
    let environment = environment.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let asked =
        Command::new(venv().join("bin/python")).args(["-c", script]).env_clear().envs(environment).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let found: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let expected = serde_json::json!({
        "versioning": "Enabled", "closed": true, "tls": true, "rotates": true, "state": ["aws:kms", true], "keys": 1,
    });
    assert_eq!(found, expected);
}
