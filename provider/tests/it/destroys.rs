//! What a destroy must not do: stop half-way, and take away what others have.

use std::process::Command;

use crate::bench::Bench;
use crate::cloud::{Cloud, venv};

pub const TESTS: &[(&str, fn())] = &[
    ("a_full_bucket_is_refused_before_anything_is_destroyed", a_full_bucket),
    ("a_region_s_encryption_outlives_one_of_two_deployments", a_region_s_encryption),
];

fn a_full_bucket() {
    let cloud = Cloud::start();
    let bench = Bench::new(&cloud.account);
    let bucket = |name: &str, more: &str| {
        format!("resource \"databricks_aws_s3_bucket\" \"example\" {{\n  bucket = \"{name}\"\n{more}}}\n")
    };
    // Terraform destroys what depends on the bucket before it.
    let vpc = "\nresource \"databricks_aws_vpc\" \"example\" {\n  cidr_block = \"10.1.0.0/16\"\n  depends_on = [databricks_aws_s3_bucket.example]\n}\n";
    bench.write(&(bucket("acme-full", "") + vpc));
    bench.apply();
    python(&cloud, "boto3.client('s3').put_object(Bucket='acme-full', Key='a', Body=b'a')");

    let destroy = ["destroy", "-auto-approve", "-no-color", "-input=false"];
    let said = bench.run(&destroy).failed();
    for word in [
        "Cannot delete databricks_aws_s3_bucket \"acme-full\": it is not empty",
        "force_destroy = true",
        "-target=ADDRESS",
    ] {
        assert!(said.contains(word), "{word:?} is missing in: {said}");
    }
    assert_eq!(bench.resources().len(), 2, "nothing is destroyed half-way");
    // Another name is another bucket.
    bench.write(&(bucket("acme-other", "") + vpc));
    assert!(bench.run(&["plan", "-no-color", "-input=false"]).failed().contains("it is not empty"));
    assert_eq!(bench.resources().len(), 2);

    // The way out, as it stands there.
    bench.write(&(bucket("acme-full", "  force_destroy = true\n") + vpc));
    bench
        .run(&["apply", "-auto-approve", "-no-color", "-input=false", "-target=databricks_aws_s3_bucket.example"])
        .succeeded();
    bench.destroy(&[]);
    assert_eq!(bench.resources().len(), 0);
    cloud.stop();
}

fn a_region_s_encryption() {
    let cloud = Cloud::start();
    let configuration = "resource \"databricks_aws_ebs_encryption_by_default\" \"example\" {}\n";
    let deployments = [Bench::new(&cloud.account), Bench::new(&cloud.account)];
    for bench in &deployments {
        bench.write(configuration);
        bench.apply();
    }
    let [first, second] = deployments;
    first.destroy(&[]);
    second.plan_is_empty("after the first deployment has gone");
    second.destroy(&[]);
    cloud.stop();
}

/// Runs a script with boto3.
fn python(cloud: &Cloud, script: &str) {
    let ran = Command::new(venv().join("bin/python"))
        .args(["-c", &format!("import boto3\n{script}")])
        .env_clear()
        .envs(cloud.foreign())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
