resource "local_file" "x" {}
resource "random_id" "y" {}
