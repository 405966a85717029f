using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace BestOfN.Deploy.Tests.Compose;

/// <summary>deploy/compose.yaml with no more fields than it uses: a misspelt one is a mistake.</summary>
internal sealed class ComposeFile
{
    public const string Path = "deploy/compose.yaml";

    public string Name { get; set; } = "";

    /// <summary>What both gateways have; merged into them.</summary>
    [YamlMember(Alias = "x-gateway", ApplyNamingConventions = false)]
    public Service? Gateway { get; set; }

    public Dictionary<string, Service> Services { get; set; } = [];

    public Dictionary<string, object?> Volumes { get; set; } = [];

    public static ComposeFile Read() => Parse(DeployFiles.Read(Path));

    public static ComposeFile Parse(string text) =>
        new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).WithDuplicateKeyChecking().Build()
            .Deserialize<ComposeFile>(new MergingParser(new Parser(new StringReader(text))));

    internal sealed class Service
    {
        public Build? Build { get; set; }

        public string Image { get; set; } = "";

        public List<string> Profiles { get; set; } = [];

        public List<string> Command { get; set; } = [];

        public List<string> Ports { get; set; } = [];

        public Dictionary<string, string> Environment { get; set; } = [];

        public List<string> Volumes { get; set; } = [];

        public bool ReadOnly { get; set; }

        public List<string> Tmpfs { get; set; } = [];

        public List<string> CapDrop { get; set; } = [];

        public List<string> SecurityOpt { get; set; } = [];

        public string Restart { get; set; } = "";

        public string StopGracePeriod { get; set; } = "";

        public string Ipc { get; set; } = "";

        public Dictionary<string, object> Deploy { get; set; } = [];
    }

    internal sealed class Build
    {
        public string Context { get; set; } = "";

        public string Dockerfile { get; set; } = "";

        public Dictionary<string, string> Args { get; set; } = [];
    }
}
