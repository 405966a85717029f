using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace BestOfN.Deploy.Tests.Kubernetes;

/// <summary>A kustomization.yaml, with no more fields than these manifests use: an unknown one is a mistake.</summary>
internal sealed class Kustomization
{
    private static readonly IDeserializer s_yaml =
        new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).WithDuplicateKeyChecking().Build();

    public string ApiVersion { get; set; } = "";

    public string Kind { get; set; } = "";

    public List<string> Resources { get; set; } = [];

    public List<string> Components { get; set; } = [];

    public List<LabelSet> Labels { get; set; } = [];

    public List<Generator> ConfigMapGenerator { get; set; } = [];

    public List<Image> Images { get; set; } = [];

    public List<Patch> Patches { get; set; } = [];

    /// <summary>The folder that it was read from.</summary>
    [YamlIgnore]
    public string Folder { get; private set; } = "";

    public static Kustomization Open(string folder)
    {
        var kustomization = s_yaml.Deserialize<Kustomization>(File.ReadAllText(Path.Combine(folder, "kustomization.yaml")));
        kustomization.Folder = folder;
        return kustomization;
    }

    /// <summary>The kustomizations that this one is made of, this one last.</summary>
    public IEnumerable<Kustomization> WithParts() =>
        [.. Resources.Concat(Components).Select(Full).Where(Directory.Exists).SelectMany(folder => Open(folder).WithParts()), this];

    /// <summary>The manifests of this folder.</summary>
    public IEnumerable<string> Files => Resources.Where(resource => resource.EndsWith(".yaml", StringComparison.Ordinal)).Select(Full);

    public IEnumerable<string> PatchFiles => Patches.Select(patch => Full(patch.Path));

    /// <summary>Everything that has to be there.</summary>
    public IEnumerable<string> Needed =>
        Resources.Concat(Components).Concat(Patches.Select(patch => patch.Path)).Concat(ConfigMapGenerator.SelectMany(map => map.Files))
            .Select(Full);

    private string Full(string relative) => Path.GetFullPath(relative, Folder);

    internal sealed class LabelSet
    {
        public Dictionary<string, string> Pairs { get; set; } = [];
    }

    internal sealed class Generator
    {
        public string Name { get; set; } = "";

        public string Behavior { get; set; } = "create";

        public List<string> Files { get; set; } = [];
    }

    internal sealed class Image
    {
        public string Name { get; set; } = "";

        public string NewName { get; set; } = "";

        public string NewTag { get; set; } = "";
    }

    internal sealed class Patch
    {
        public string Path { get; set; } = "";
    }
}
