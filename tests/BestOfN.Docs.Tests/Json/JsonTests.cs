using System.Text.Json;
using BestOfN.Docs.Tests.Pages;
using BestOfN.Gateway.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace BestOfN.Docs.Tests.Json;

public sealed class JsonTests(PocketGateway gateway)
{
    private static readonly string[] s_sections = ["\"BestOfN\"", "\"ReverseProxy\"", "\"Upstreams\"", "\"Kestrel\"", "\"Logging\""];

    private static IEnumerable<Block> Blocks =>
        Page.All.SelectMany(page => page.Blocks).Where(block => block.Language is "json" or "jsonc");

    // A part of a settings file stands without the braces around it.
    private static bool IsSettings(Block block) =>
        s_sections.Any(section => block.Text.TrimStart().TrimStart('{').TrimStart().StartsWith(section, StringComparison.Ordinal));

    [Fact]
    public void Every_json_block_is_json() => PageTests.AssertNone(Blocks.Select(block =>
    {
        try
        {
            using var json = JsonDocument.Parse(Whole(block), block.Language == "jsonc" ? JsonShape.Comments : default);
            return null;
        }
        catch (JsonException exception)
        {
            return $"{block.Place}: {exception.Message}";
        }
    }).OfType<string>());

    [Fact]
    public void Every_configuration_has_no_mistake()
    {
        var settings = Blocks.Where(IsSettings).ToList();
        Assert.NotEmpty(settings);
        PageTests.AssertNone(settings.SelectMany(Mistakes));
    }

    [Fact]
    public void Every_example_of_a_configuration_has_no_mistake()
    {
        var examples = Directory.GetFiles(Repository.PathOf("config/examples"), "*.json");
        Assert.NotEmpty(examples);
        PageTests.AssertNone(examples.SelectMany(path => Mistakes(File.ReadAllText(path), Path.GetFileName(path))));
    }

    private IEnumerable<string> Mistakes(Block block) => Mistakes(Whole(block), block.Place);

    private IEnumerable<string> Mistakes(string settings, string place)
    {
        using var file = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(settings));
        var configuration = new ConfigurationBuilder().AddJsonStream(file).Build();
        return gateway.Services.GetServices<IConfigurationCheck>().SelectMany(check => check.Problems(configuration))

            // The folders, files and keys of an example are not on this machine.
            .Where(problem => !problem.Contains("there is no folder", StringComparison.Ordinal))
            .Where(problem => !problem.Contains("there is no file", StringComparison.Ordinal))
            .Where(problem => !problem.Contains("which is not set", StringComparison.Ordinal))
            .Select(problem => $"{place}: {problem}");
    }

    private static string Whole(Block block) => block.Text.TrimStart().StartsWith('"') ? $"{{{block.Text}\n}}" : block.Text;
}
