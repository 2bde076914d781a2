locals {
 a = [1
}
