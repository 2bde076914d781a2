output "vpc_id" {
  value       = aws_vpc.this.id
  description = "Id of the VPC."
}

output "cidr" {
  value       = var.cidr
  description = "CIDR of the VPC."
}

output "zones" {
  value       = local.zones
  description = "The three availability zones, in the order of every list below."
}

output "private_subnet_ids" {
  value       = [for zone in local.zones : aws_subnet.private[zone].id]
  description = "Ids of the private subnets (they reach the internet through NAT)."
}

output "private_subnet_cidrs" {
  value       = local.private_cidrs
  description = "CIDRs of the private subnets; known before anything is made."
}

output "public_subnet_ids" {
  value       = [for zone in local.zones : aws_subnet.public[zone].id]
  description = "Ids of the public subnets."
}

output "intra_subnet_ids" {
  value       = [for zone in local.zones : aws_subnet.intra[zone].id]
  description = "Ids of the subnets without a way out."
}

output "zone_id" {
  value       = aws_route53_zone.private.zone_id
  description = "Id of the private hosted zone."
}

output "zone_name" {
  value       = var.zone_name
  description = "Name of the private hosted zone."
}

output "nat_public_ips" {
  value       = [for zone in local.nat_zones : aws_eip.nat[zone].public_ip]
  description = "Addresses that traffic from the private subnets comes from."
}
