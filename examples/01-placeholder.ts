console.log("An example comes here.");
