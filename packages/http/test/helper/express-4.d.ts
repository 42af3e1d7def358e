// Its own types are of another version of @types; what the tests use is the same in both.
declare module "express-4" {
  import express from "express";
  export default express;
}
