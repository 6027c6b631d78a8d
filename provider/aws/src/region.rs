//! AWS regions and partitions: which names exist, what a mistyped one may have meant.
//!
//! Source: the regions table of the AWS account management guide,
//! <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>, with GovCloud and China.

use tfplugin::{Error, Result};

/// Every region of the commercial, GovCloud and China partitions.
const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// Refuses a name that is no region, with the names that it resembles most.
///
/// # Errors
/// `name` is not in the list.
pub fn check(name: &str) -> Result<()> {
    if REGIONS.contains(&name) {
        return Ok(());
    }
    let mut near: Vec<(usize, &str)> = REGIONS.iter().map(|region| (distance(name, region), *region)).collect();
    near.sort();
    let near: Vec<&str> = near.into_iter().take(3).map(|(_, region)| region).collect();
    Err(Error::new(format!("There is no AWS region {name:?}")).detail(format!(
        "The nearest names are {}. Correct the region of the provider's aws block (or AWS_REGION); if the region is newer than \
         this provider, set skip_region_validation = true there.",
        near.join(", ")
    )))
}

/// Whether a zone's name can be one of a region: `eu-west-1a`, or `us-west-2-lax-1a` of a zone that stands apart.
pub(crate) fn has_zone(region: &str, zone: &str) -> bool {
    let rest = zone.strip_prefix(region).unwrap_or_default();
    let letter = rest.len() == 1 && rest.chars().all(|letter| letter.is_ascii_lowercase());
    letter || rest.strip_prefix('-').is_some_and(|name| !name.is_empty())
}

/// The partition that a region belongs to: `aws`, `aws-us-gov` or `aws-cn`.
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else if region.starts_with("cn-") {
        "aws-cn"
    } else {
        "aws"
    }
}

/// The Levenshtein distance: how many letters are to be put in, taken out or changed.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.chars().enumerate() {
        let mut next = vec![at + 1];
        for (other, pair) in right.iter().zip(row.windows(2)) {
            let (Some(diagonal), Some(above), Some(before)) = (pair.first(), pair.last(), next.last()) else {
                continue;
            };
            let cost = diagonal + usize::from(letter != *other);
            next.push(cost.min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_region_is_refused_with_the_name_that_was_meant() {
        fn check(name: &str, meant: &str) {
            let error = super::check(name).unwrap_err();
            assert!(error.diagnostic().summary.contains(name), "{error}");
            assert!(error.diagnostic().detail.contains(meant), "{error}");
        }
        check("us-est-1", "us-east-1");
        check("eu-wst-1", "eu-west-1");
        check("EU-WEST-1", "skip_region_validation");
        check("", "skip_region_validation");
        check("frankfurt", "skip_region_validation");
    }

    #[test]
    fn every_listed_region_passes() {
        for region in REGIONS {
            super::check(region).unwrap();
        }
    }

    #[test]
    fn a_zone_is_one_of_its_region() {
        for (zone, expected) in [
            ("eu-west-1a", true),
            ("eu-west-1-lax-1a", true),
            ("eu-west-1-wl1-lon-wlz-1", true),
            ("eu-west-1", false),
            ("eu-west-1-", false),
            ("eu-west-11a", false),
            ("eu-west-2a", false),
            ("EU-WEST-1A", false),
            ("a", false),
        ] {
            assert_eq!(has_zone("eu-west-1", zone), expected, "{zone}");
        }
    }

    #[test]
    fn a_region_has_its_partition() {
        assert_eq!(partition("eu-west-1"), "aws");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
        assert_eq!(partition("cn-north-1"), "aws-cn");
    }
}
