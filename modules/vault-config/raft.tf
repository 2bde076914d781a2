# A SPOT node that is taken away does not come back; it must not count as a voter for ever.
resource "vault_raft_autopilot" "this" {
  cleanup_dead_servers               = var.cluster_size >= 3
  min_quorum                         = var.cluster_size >= 3 ? max(3, floor(var.cluster_size / 2) + 1) : 0
  dead_server_last_contact_threshold = "10m0s"
  last_contact_threshold             = "10s"
  server_stabilization_time          = "10s"
  max_trailing_logs                  = 1000
}
