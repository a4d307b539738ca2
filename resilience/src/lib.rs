//! The shipped operator under faults: workloads, oracles, plans. What runs here runs against a real API
//! server with a played kubelet beside it (`testing`).
