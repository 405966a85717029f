using System.Xml.Linq;

namespace BestOfN.Architecture.Tests;

/// <summary>The arrows between projects: from hosts to adapters to core, never back.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["BestOfN.Core"] = [],
        ["BestOfN.Protocols"] = ["BestOfN.Core"],
        ["BestOfN.Inputs"] = ["BestOfN.Core"],
        ["BestOfN.Inference"] = ["BestOfN.Core", "BestOfN.Inputs"],
        ["BestOfN.LLama"] = ["BestOfN.Core", "BestOfN.Inputs"],
        ["BestOfN.Data"] = ["BestOfN.Core", "BestOfN.Inputs"],
        ["BestOfN.Training"] = ["BestOfN.Core", "BestOfN.Inputs", "BestOfN.Inference", "BestOfN.Data", "BestOfN.Protocols"],
        ["BestOfN.Gateway"] = ["BestOfN.Core", "BestOfN.Protocols", "BestOfN.Inference", "BestOfN.LLama"],
        ["BestOfN.Cli"] = ["BestOfN.Core", "BestOfN.Inference", "BestOfN.Training"],
    };

    // Packages that only the named projects may see.
    private static readonly Dictionary<string, string[]> s_owners = new()
    {
        ["TorchSharp"] = ["BestOfN.Inference"],
        ["LLamaSharp"] = ["BestOfN.LLama"],
        ["LLamaSharp.Backend.Cpu"] = ["BestOfN.LLama"],
        ["Microsoft.ML.Tokenizers"] = ["BestOfN.Inputs"],
        ["Yarp.ReverseProxy"] = ["BestOfN.Gateway"],
        ["Microsoft.Extensions.Http.Resilience"] = ["BestOfN.Protocols"],
        ["ScottPlot"] = ["BestOfN.Data"],
        ["System.CommandLine"] = ["BestOfN.Cli"],
    };

    [Fact]
    public void Projects_refer_only_to_what_the_architecture_allows()
    {
        var projects = Projects().ToArray();
        Assert.Equal(s_allowed.Keys.Order(), projects.Select(p => p.Name).Order());
        foreach (var (name, document) in projects)
        {
            var references = document.Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!));
            Assert.Empty(references.Except(s_allowed[name]).Select(r => $"{name} must not refer to {r}"));
        }
    }

    [Fact]
    public void Weighty_packages_are_seen_only_by_their_owners()
    {
        foreach (var (name, document) in Projects())
        {
            var packages = document.Descendants("PackageReference").Select(r => (string)r.Attribute("Include")!);
            Assert.Empty(packages.Where(p => s_owners.TryGetValue(p, out var owners) && !owners.Contains(name))
                .Select(p => $"{name} must not use {p}"));
        }
    }

    [Fact]
    public void Only_the_gateway_is_a_web_project()
    {
        var web = Projects().Where(p => (string?)p.Document.Root!.Attribute("Sdk") == "Microsoft.NET.Sdk.Web"
            || p.Document.Descendants("FrameworkReference").Any(r => (string?)r.Attribute("Include") == "Microsoft.AspNetCore.App"));
        Assert.Equal(["BestOfN.Gateway"], web.Select(p => p.Name));
    }

    [Fact]
    public void Versions_stand_in_one_file()
    {
        var withVersion = Directory.EnumerateFiles(RepositoryFiles.Root, "*.csproj", SearchOption.AllDirectories)
            .Where(f => XDocument.Load(f).Descendants("PackageReference").Any(r => r.Attribute("Version") is not null));
        Assert.Empty(withVersion);
    }

    private static IEnumerable<(string Name, XDocument Document)> Projects() =>
        Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(f => (Path.GetFileNameWithoutExtension(f), XDocument.Load(f)));
}
