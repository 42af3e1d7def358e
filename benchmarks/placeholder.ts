console.log("A benchmark comes here.");
