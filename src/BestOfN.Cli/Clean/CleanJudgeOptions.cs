using System.CommandLine;
using BestOfN.Cli.Hosting;

namespace BestOfN.Cli.Clean;

/// <summary>The options that say what scores a corpus: a folder, and where it is computed, or a server.</summary>
internal sealed class CleanJudgeOptions
{
    private readonly Option<DirectoryInfo> _model = new("--model", "-m", "--judge")
    {
        Description = "Folder of a reward model in the published layout.",
    };

    private readonly RewardUrlOptions _server = new();
    private readonly Option<string> _type = ComputeOptions.Dtype();
    private readonly Option<string> _device = ComputeOptions.Device();

    public CleanJudgeOptions() => _model.AcceptExistingOnly();

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_model, _type, _device, .. _server.All])
        {
            command.Options.Add(option);
        }

        command.Validators.Add(_server.Rule(_model, isNeeded: true));
    }

    /// <summary>The reward model, which the caller owns.</summary>
    public async Task<CleanJudge> OpenAsync(ParseResult parsed, CommandTerminal terminal, CancellationToken cancellationToken) =>
        _server.Open(parsed, CleanJudge.Connections) is { } remote ? CleanJudge.On(remote, _server.Describe(parsed)!)
            : await CleanJudge.LoadAsync(
                parsed.GetRequiredValue(_model), parsed.GetRequiredValue(_type), parsed.GetRequiredValue(_device), terminal,
                cancellationToken);
}
