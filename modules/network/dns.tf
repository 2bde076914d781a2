resource "aws_route53_zone" "private" {
  name    = var.zone_name
  comment = "Private names of ${var.name}"

  vpc {
    vpc_id = aws_vpc.this.id
  }
}
