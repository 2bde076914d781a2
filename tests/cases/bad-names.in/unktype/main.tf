resource "terraform_dta" "b" {}
resource "random_pett" "c" {}
data "local_fil" "d" {}