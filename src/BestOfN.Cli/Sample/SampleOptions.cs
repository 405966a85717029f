using System.CommandLine;
using System.CommandLine.Parsing;
using BestOfN.Cli.Hosting;
using BestOfN.Core.Generation;
using BestOfN.Data.Samples;
using BestOfN.Data.Worlds;
using BestOfN.Protocols.Rewards;

namespace BestOfN.Cli.Sample;

/// <summary>The options of <c>sample</c>.</summary>
internal sealed class SampleOptions
{
    private readonly Option<FileInfo> _prompts = new("--prompts")
    {
        Description = "Prompts, JSON lines with messages as in a chat request; images and videos are paths or data: URIs.",
    };

    private readonly Option<string> _world = new("--world") { Description = "Problems of a pocket world in place of --prompts." };

    private readonly Option<int> _problems = new("--problems") { Description = "Problems of the world.", DefaultValueFactory = _ => 1000 };

    private readonly Option<string> _split = new("--split")
    {
        Description = "Half of the world: what is trained on must not be measured on.",
        DefaultValueFactory = _ => "training",
    };

    private readonly Option<FileInfo> _output = new("--output", "-o")
    {
        Description = "File of samples, a line for each prompt. A run that ended at any moment goes on with the same command.",
        Required = true,
    };

    private readonly Option<bool> _force = new("--force") { Description = "Replace the file, and drop what another run left." };

    private readonly Option<int> _samples = new("--samples", "-n")
    {
        Description = "Answers for each prompt.",
        DefaultValueFactory = _ => 16,
    };

    private readonly Option<DirectoryInfo> _generator = new("--generator")
    {
        Description = "Folder of the generator.",
        DefaultValueFactory = _ => PocketModels.Generator,
    };

    private readonly Option<Uri> _url = new("--url")
    {
        Description = "A server in place of --generator: the address before /chat/completions, such as http://localhost:8000/v1.",
        CustomParser = HttpAddress.Parse,
    };

    private readonly Option<string> _model = new("--model") { Description = "The model's name at the server. Needed beside --url." };

    private readonly Option<string> _keyVariable = new("--api-key-env")
    {
        Description = "Environment variable that holds the server's key.",
        DefaultValueFactory = _ => "OPENAI_API_KEY",
    };

    private readonly Option<DirectoryInfo> _reward = new("--reward")
    {
        Description = "Folder of the reward model. Without it the answers have no score; problems of a world have the pocket one.",
    };

    private readonly RewardUrlOptions _rewardServer = new();

    private readonly Option<double> _temperature = new("--temperature")
    {
        Description = "How answers are drawn.",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<double?> _topP = new("--top-p") { Description = "Least share of probability that is drawn from." };

    private readonly Option<int> _maxTokens = new("--max-tokens") { Description = "Tokens of an answer.", DefaultValueFactory = _ => 512 };

    private readonly Option<ulong> _seed = new("--seed") { Description = "Decides problems and answers.", DefaultValueFactory = _ => 1 };

    private readonly Option<int> _concurrency = new("--concurrency")
    {
        Description = "Prompts in work at the same time.",
        DefaultValueFactory = _ => 16,
    };

    private readonly Option<string> _type = ComputeOptions.Dtype();

    private readonly Option<string> _device = ComputeOptions.Device();

    public SampleOptions()
    {
        _prompts.AcceptExistingOnly();
        _world.AcceptOnlyFromAmong(PocketWorlds.Text, PocketWorlds.Image, PocketWorlds.Video);
        _split.AcceptOnlyFromAmong("training", "held-out");
        _problems.Validators.Add(Validate.AtLeast(_problems, 1));
        _samples.Validators.Add(Validate.AtLeast(_samples, 1));
        _maxTokens.Validators.Add(Validate.AtLeast(_maxTokens, 1));
        _concurrency.Validators.Add(Validate.AtLeast(_concurrency, 1));
        _temperature.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0 and <= 100))
            {
                result.AddError("--temperature must be from 0 to 100.");
            }
        });
        _topP.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is <= 0 or > 1)
            {
                result.AddError("--top-p must be above 0 and at most 1.");
            }
        });
        Validate.Exists(_generator);
        Validate.IsNamed(_output);
    }

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _prompts, _world, _problems, _split, _output, _force, _samples, _generator, _url, _model, _keyVariable, _reward, _temperature,
            _topP, _maxTokens, _seed, _concurrency, _type, _device, .. _rewardServer.All,
        ];
        foreach (var option in all)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(_rewardServer.Rule(_reward, isNeeded: false));
        command.Validators.Add(CheckPairs);
    }

    /// <exception cref="DirectoryNotFoundException">There is no folder of the reward model.</exception>
    public SampleRequest Read(ParseResult parsed)
    {
        var world = parsed.GetValue(_world);
        var server = _rewardServer.Describe(parsed);
        var reward = server is not null ? null : parsed.GetValue(_reward) ?? (world is null ? null : PocketModels.RewardModel);
        if (reward is { Exists: false })
        {
            throw new DirectoryNotFoundException($"--reward: there is no folder '{reward}'.");
        }

        var generator = parsed.GetRequiredValue(_generator);
        return new SampleRequest
        {
            Prompts = parsed.GetValue(_prompts),
            World = world,
            Problems = parsed.GetValue(_problems),
            Split = parsed.GetValue(_split) == "training" ? Split.Training : Split.HeldOut,
            Output = parsed.GetRequiredValue(_output),
            Replaces = parsed.GetValue(_force),
            Generator = generator,
            GeneratorUrl = parsed.GetValue(_url),
            GeneratorKey = Environment.GetEnvironmentVariable(parsed.GetRequiredValue(_keyVariable)),
            RewardFolder = reward,
            RewardServer = server,
            Type = parsed.GetRequiredValue(_type),
            Device = parsed.GetRequiredValue(_device),
            Plan = new SamplingPlan
            {
                Answers = parsed.GetValue(_samples),
                Model = parsed.GetValue(_model) ?? generator.Name,
                Sampling = new SamplingParameters
                {
                    Temperature = parsed.GetValue(_temperature),
                    TopP = parsed.GetValue(_topP),
                    MaxTokens = parsed.GetValue(_maxTokens),
                },
                Seed = parsed.GetValue(_seed),
                Concurrency = parsed.GetValue(_concurrency),
            },
        };
    }

    /// <summary>The reward model on a server, which the caller owns; null where there is none.</summary>
    public RewardServer? OpenRewardServer(ParseResult parsed) => _rewardServer.Open(parsed, parsed.GetValue(_concurrency));

    private void CheckPairs(CommandResult result)
    {
        if (result.GetResult(_prompts) is null == result.GetResult(_world) is null)
        {
            result.AddError("Expected either --prompts or --world.");
        }

        if (result.GetResult(_url) is null != result.GetResult(_model) is null)
        {
            result.AddError("--url and --model belong together.");
        }
        else if (result.GetResult(_url) is not null && result.GetResult(_generator) is { Implicit: false })
        {
            result.AddError("Expected either --url or --generator.");
        }
    }
}
