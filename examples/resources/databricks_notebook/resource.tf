resource "databricks_notebook" "example" {
  path           = "/Shared/examples/notebook"
  language       = "PYTHON"
  content_base64 = base64encode("# Databricks notebook source\nprint(1)\n")
}
