//! What the deployment says of its encryption is so, as boto3 and the official Databricks SDK see it, place by place.

use serde_json::Value;

use crate::bench::Bench;
use crate::cloud::Cloud;
use crate::foreign;
use crate::root_module::{FILE, apply, copy_deployment, empty_plan_with, mirror};

pub const TESTS: &[(&str, fn())] = &[("what_clusters_encrypt_is_switched_on_and_off_and_never_loses_data", switched)];

/// Both switches, on a deployment that lives, with data and without.
fn switched() {
    const ON: [&str; 2] = ["-var=datalake_client_side_enc=true", "-var=dbfs_client_side_enc=true"];
    let cloud = Cloud::start();
    let mut bench = Bench::new(&cloud.account);
    copy_deployment(bench.dir.path());
    let rc = mirror(bench.dir.path());
    bench.set("TF_CLI_CONFIG_FILE", Some(&rc));
    bench.run(&["init", "-no-color", "-input=false"]).succeeded();
    apply(&bench, &[]);
    for with in [&ON[..], &[], &ON[1..], &[]] {
        apply(&bench, with);
        empty_plan_with(&bench, with);
        let read = deployment(&bench, &cloud);
        assert_eq!(read.iter().any(|place| place == "data_lake_client_side"), with.contains(&ON[0]), "{read:?}");
        assert_eq!(read.iter().any(|place| place == "dbfs_client_side"), with.contains(&ON[1]), "{read:?}");
        assert_eq!(read.iter().any(|place| place == "data_lake"), !with.contains(&ON[0]), "{read:?}");
    }
    let script = "import boto3, json, sys
client = boto3.client('s3', region_name='eu-west-1')
client.put_object(Bucket=json.load(sys.stdin)['lake_bucket']['value'], Key='data', Body=b'data')
";
    let outputs = bench.run(&["output", "-json"]).succeeded().stdout;
    foreign::code(script, &bench, &cloud, None, &outputs);
    let plan = |more: &[&str]| bench.run(&[&["plan", "-no-color", "-input=false", FILE], more].concat()).failed();
    let said = plan(&ON[..1]);
    assert!(said.contains("it is not empty"), "{said}");
    let said = plan(&[ON[0], "-var=metastore_id=0d26daa6-5e44-4c97-a497-ef015f91254a"]);
    assert!(said.contains("does not honour client-side encryption"), "{said}");
    let said = plan(&[ON[0], "-var=data_lake=false"]);
    assert!(said.contains("data_lake is false"), "{said}");
    bench
        .run(&[
            "apply",
            "-auto-approve",
            "-no-color",
            "-input=false",
            FILE,
            "-target=module.storage",
            "-var=destroy_data_with_deployment=true",
        ])
        .succeeded();
    bench.run(&["destroy", "-auto-approve", "-no-color", "-input=false", FILE]).succeeded();
    assert_eq!(cloud.objects(), Vec::<String>::new(), "what is left after the destroy");
    cloud.stop();
}

/// Reads every place of the output `encryption` back.
pub fn deployment(bench: &Bench, cloud: &Cloud) -> Vec<String> {
    let outputs = bench.run(&["output", "-json"]).succeeded().stdout;
    let table: Value = serde_json::from_str(&outputs).unwrap();
    let table = table["encryption"]["value"].as_object().expect("an output encryption").clone();
    let read = foreign::script("encryption.py", bench, cloud, None, &outputs);
    let read: Vec<String> = serde_json::from_str(&read).unwrap();
    assert_eq!(read, table.keys().cloned().collect::<Vec<_>>(), "each place was looked at");
    read
}
