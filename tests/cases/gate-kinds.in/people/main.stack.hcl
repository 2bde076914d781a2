gate "two" {
  description = "Two people"
  approvals   = 2
}
resource "terraform_data" "x" {
  depends_on = [gate.two]
}
