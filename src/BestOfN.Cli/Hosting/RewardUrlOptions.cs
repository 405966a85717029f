using System.CommandLine;
using System.CommandLine.Parsing;
using BestOfN.Inputs.Templates.Written;
using BestOfN.Protocols.Rewards;

namespace BestOfN.Cli.Hosting;

/// <summary>The options that name a reward model on a server. Each command makes its own.</summary>
internal sealed class RewardUrlOptions
{
    private readonly Option<Uri> _url = new("--reward-url")
    {
        Description = "A server whose reward model scores, in place of a folder: its address, such as http://localhost:8000.",
        CustomParser = HttpAddress.Parse,
    };

    private readonly Option<string> _protocol = new("--reward-protocol")
    {
        Description = "How that server is asked.",
        DefaultValueFactory = _ => "vllm",
    };

    private readonly Option<string> _model = new("--reward-model") { Description = "The model's name at that server." };

    private readonly Option<string> _template = new("--reward-template")
    {
        Description = "Chat template that makes one text of prompt and answer: chatml by default; "
            + "with vllm messages are sent, which the server writes by its own.",
    };

    private readonly Option<string> _keyVariable = new("--reward-key-env")
    {
        Description = "Environment variable that holds that server's key.",
    };

    public RewardUrlOptions()
    {
        _protocol.AcceptOnlyFromAmong([.. RewardProtocols.Names]);
        _template.AcceptOnlyFromAmong([.. WrittenText.Templates]);
        _keyVariable.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)))
            {
                result.AddError($"--reward-key-env: the environment variable '{name}' is not set.");
            }
        });
    }

    public IEnumerable<Option> All => [_url, _protocol, _model, _template, _keyVariable];

    /// <summary>The rule that a folder or a server is given, and not both.</summary>
    /// <param name="folder">The option of the folder.</param>
    /// <param name="isNeeded">Whether there must be one.</param>
    public Action<CommandResult> Rule(Option<DirectoryInfo> folder, bool isNeeded) => result =>
    {
        var (hasServer, hasFolder) = (result.GetResult(_url) is not null, result.GetResult(folder) is { Implicit: false });
        if (hasServer && hasFolder)
        {
            result.AddError($"Expected either {folder.Name} or --reward-url.");
        }
        else if (isNeeded && !hasServer && !hasFolder)
        {
            result.AddError($"Expected {folder.Name}, or --reward-url for a reward model on a server.");
        }
        else if (result.GetResult(_template) is not null && result.GetValue(_protocol) == "rerank")
        {
            result.AddError("--reward-template means nothing for a rerank route, which is sent question and answers.");
        }
        else if (!hasServer && All.FirstOrDefault(option => option != _url && result.GetResult(option) is { Implicit: false }) is { } alone)
        {
            result.AddError($"{alone.Name} needs --reward-url beside it.");
        }
    };

    /// <summary>What tells this reward model from another, its key left out; null where none is named.</summary>
    public string? Describe(ParseResult parsed) => parsed.GetValue(_url) is not { } url ? null
        : string.Join(' ', new[]
        {
            $"{url}", parsed.GetValue(_protocol), parsed.GetValue(_model) is { } model ? $"model={model}" : null,
            parsed.GetValue(_template) is { } template ? $"template={template}" : null,
        }.OfType<string>());

    /// <summary>The reward model, which the caller owns; null where none is named.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="connections">Most calls at the same time.</param>
    public RewardServer? Open(ParseResult parsed, int connections)
    {
        if (parsed.GetValue(_url) is not { } url)
        {
            return null;
        }

        var (model, variable) = (parsed.GetValue(_model), parsed.GetValue(_keyVariable));
        return new RewardServer(
            url, RewardProtocols.Of(parsed.GetValue(_protocol)!, parsed.GetValue(_template), model, WrittenText.Write), model,
            variable is null ? null : Environment.GetEnvironmentVariable(variable), connections);
    }
}
