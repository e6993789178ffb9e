System.Console.WriteLine("lst");
