resource "terraform_data" "a" { input = terraform_data.b.id }
resource "terraform_data" "b" { input = module.m.o }
module "m" {
 source = "./m"
 i = terraform_data.a.id
}