namespace BestOfN.Gateway.Tests.Sdk;

public sealed class DocumentedExampleTests
{
    [Fact]
    public void The_documented_example_is_the_code_that_is_compiled_here()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "BestOfN.sln")))
        {
            root = root.Parent!;
        }

        var example = Between(File.ReadAllLines(Path.Combine(root.FullName, "docs/api.md")), "```csharp", "```");
        var compiled = Between(
            File.ReadAllLines(Path.Combine(root.FullName, "tests/BestOfN.Gateway.Tests/Sdk/DocumentedExample.cs")), "// <example>",
            "// </example>");
        Assert.NotEmpty(example);
        Assert.Equal(compiled, example);
    }

    private static List<string> Between(IEnumerable<string> lines, string opening, string closing)
    {
        List<string> found = [];
        var isInside = false;
        foreach (var line in lines.Select(line => line.Trim()))
        {
            if (isInside && line == closing)
            {
                isInside = false;
            }
            else if (isInside && line.Length > 0)
            {
                found.Add(line);
            }
            else if (line == opening)
            {
                isInside = true;
            }
        }

        return found;
    }
}
