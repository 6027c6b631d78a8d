//! What a destroy must not do: stop half-way, and take away what others have.

use crate::Test;
use crate::bench::Bench;
use crate::cloud::Cloud;

pub const TESTS: &[Test] =
    &[("a_region_s_encryption_outlives_one_of_two_deployments", a_region_s_encryption)];

fn a_region_s_encryption(cloud: &Cloud) {
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
}
