"""The pieces of `make run`, which the end-to-end tests use too: a control plane, real Envoys, small
HTTP services, a DNS server and a load generator, all on loopback addresses of their own."""
