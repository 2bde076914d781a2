module "m" {
 source = "./m"
 i = 1
 j = 2
}