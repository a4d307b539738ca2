//! Which registries are spoken to over plain HTTP.

use std::net::{IpAddr, Ipv4Addr};

/// True for hosts whose traffic does not leave this machine or its test networks: `127.0.0.0/8`, `localhost`
/// and names below it, `[::1]`, `198.18.0.0/15` (RFC 2544); and for those in `insecure`, by `host` or `host:port`.
#[must_use]
pub fn is_plain_http(host: &str, insecure: &[String]) -> bool {
    let name = without_port(host);
    let named = insecure.iter().any(|known| known == host || known == name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    named
        || name == "localhost"
        || name.ends_with(".localhost")
        || match address {
            Ok(IpAddr::V4(address)) => address.is_loopback() || is_test_network(address),
            Ok(IpAddr::V6(address)) => address.is_loopback(),
            Err(_) => false,
        }
}

fn is_test_network(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [198, 18 | 19, _, _])
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_hosts_are_plain() {
        for host in [
            "127.0.0.1:5000",
            "127.9.9.9",
            "localhost",
            "localhost:1",
            "a.localhost:1",
            "[::1]:5000",
            "198.18.0.1:15000",
            "198.19.255.1",
        ] {
            assert!(is_plain_http(host, &[]), "{host}");
        }
        for host in [
            "198.20.0.1:5000",
            "10.0.0.1:5000",
            "registry.example",
            "localhost.example:1",
            "[::2]:1",
            "128.0.0.1",
        ] {
            assert!(!is_plain_http(host, &[]), "{host}");
        }
    }

    #[test]
    fn others_are_plain_when_named() {
        let insecure = ["lab.example".to_owned(), "10.0.0.1:5000".to_owned()];
        assert!(is_plain_http("lab.example:5000", &insecure));
        assert!(is_plain_http("10.0.0.1:5000", &insecure));
        assert!(!is_plain_http("10.0.0.1:5001", &insecure));
    }
}
