variable region {
type="string"
}
locals {
a=1 # one
long_name = "${ var.region }"
}
