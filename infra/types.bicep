@export()
@description('Tags of a resource.')
type tags = {
  @description('A tag by its name.')
  *: string
}
