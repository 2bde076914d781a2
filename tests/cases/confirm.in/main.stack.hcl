stage "net" {
  source = "./m"
  i      = "n"
}
stage "db" {
  source  = "./m"
  i       = stage.net.o
  confirm = true
}
stage "app" {
  source = "./m"
  i      = stage.db.o
}
resource "terraform_data" "beside" {}
output "end" { value = stage.app.o }
