using BestOfN.Core.Selection;
using BestOfN.LLama.Models;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Configuration;

/// <summary>Finds all mistakes at once, each with its configuration path.</summary>
internal sealed class BestOfNOptionsValidator(
    IConfiguration configuration, IHostEnvironment environment, SelectionStrategies strategies, IEnumerable<IGeneratorSource> sources,
    IEnumerable<IRewardModelSource> rewardModels)
    : IValidateOptions<BestOfNOptions>, IConfigurationCheck
{
    public ValidateOptionsResult Validate(string? name, BestOfNOptions options)
    {
        var problems = Problems(configuration).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    public IEnumerable<string> Problems(IConfiguration configuration)
    {
        var section = configuration.GetSection(BestOfNOptions.Section);
        var misfits = ConfigurationShape.Misfits(section, typeof(BestOfNOptions)).ToList();
        var options = new BestOfNOptions();
        ConfigurationShape.Bind(section, options, misfits.Select(misfit => misfit.Path));
        return
        [
            .. misfits.Select(misfit => $"{misfit.Path}: {misfit.Problem}"),
            .. ConfigurationShape.OutOfRange(BestOfNOptions.Section, options),
            .. Global(options),
            .. options.Models.SelectMany(model => Model(options, model.Key, model.Value)),
            .. options.RewardModels.SelectMany(model => RewardModel(model.Key, model.Value)),
        ];
    }

    private IEnumerable<string> Global(BestOfNOptions options)
    {
        const string Section = BestOfNOptions.Section;
        if (!Uri.TryCreate(options.ListenUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            yield return $"{Section}:{nameof(options.ListenUrl)}: '{options.ListenUrl}' is not an http or https address.";
        }

        if (options.MaxConcurrentRequestsPerClient > options.MaxConcurrentRequests)
        {
            yield return $"{Section}:{nameof(options.MaxConcurrentRequestsPerClient)}: {options.MaxConcurrentRequestsPerClient} is more "
                + $"than {nameof(options.MaxConcurrentRequests)}, {options.MaxConcurrentRequests}.";
        }

        if (options.MaxHeldRequestBytes < options.MaxRequestBodyBytes)
        {
            yield return $"{Section}:{nameof(options.MaxHeldRequestBytes)}: {options.MaxHeldRequestBytes} is less than "
                + $"{nameof(options.MaxRequestBodyBytes)}, {options.MaxRequestBodyBytes}.";
        }

        foreach (var problem in options.CorsOrigins.Select(OriginProblem).OfType<string>())
        {
            yield return $"{Section}:{nameof(options.CorsOrigins)}: {problem}";
        }

        if (options.Candidates > options.MaxCandidates)
        {
            yield return $"{Section}:{nameof(options.Candidates)}: {options.Candidates} is more than {nameof(options.MaxCandidates)}, "
                + $"{options.MaxCandidates}.";
        }

        (string Setting, long Bytes)[] attachments =
            [(nameof(options.MaxPictureBytes), options.MaxPictureBytes), (nameof(options.MaxVideoBytes), options.MaxVideoBytes)];
        foreach (var (setting, bytes) in attachments)
        {
            if (bytes > options.MaxRequestBodyBytes / 4 * 3)
            {
                yield return $"{Section}:{setting}: {bytes} bytes do not fit, in base64, into {nameof(options.MaxRequestBodyBytes)}, "
                    + $"{options.MaxRequestBodyBytes}.";
            }
        }

        if (UnknownStrategy(options.Strategy) is { } unknown)
        {
            yield return $"{Section}:{nameof(options.Strategy)}: {unknown}";
        }

        if (options.TrafficTexts && string.IsNullOrWhiteSpace(configuration[BestOfNOptions.OperatorKeysVariable]))
        {
            yield return $"{Section}:{nameof(options.TrafficTexts)}: only operators may see the texts of others, and the environment "
                + $"variable {BestOfNOptions.OperatorKeysVariable} with their keys is not set.";
        }

        if (options.Models.Count == 0 && !options.RewardServer.Enabled)
        {
            yield return $"{Section}:{nameof(options.Models)}: no model is configured.";
        }
    }

    private IEnumerable<string> Model(BestOfNOptions options, string name, ModelOptions model)
    {
        var path = $"{BestOfNOptions.Section}:{nameof(options.Models)}:{name}";
        foreach (var problem in ConfigurationShape.OutOfRange(path, model))
        {
            yield return problem;
        }

        var served = model.Name ?? name;
        if (served.Contains('@', StringComparison.Ordinal))
        {
            yield return $"{path}: '@' is reserved for aliases such as {served.Split('@')[0]}@8.";
        }

        if (options.Models.Any(other => other.Key != name && (other.Value.Name ?? other.Key) == served))
        {
            yield return $"{path}: there is another model named '{served}'.";
        }

        if (sources.FirstOrDefault(source => source.Kind == model.Generator) is { } source)
        {
            foreach (var (setting, problem) in source.Check(model))
            {
                yield return $"{path}:{setting}: {problem}";
            }
        }
        else if (model.Generator.Length > 0)
        {
            yield return $"{path}:{nameof(model.Generator)}: '{model.Generator}' is not one of "
                + $"{string.Join(", ", sources.Select(each => each.Kind))}."
                + NearestName.Suggestion(model.Generator, sources.Select(each => each.Kind));
        }

        if (model.Generator != ModelOptions.Gguf && MissingFolder(model.Path) is { } missing)
        {
            yield return $"{path}:{nameof(model.Path)}: {missing}";
        }

        if (model.Candidates > options.MaxCandidates)
        {
            yield return $"{path}:{nameof(model.Candidates)}: {model.Candidates} is more than {nameof(options.MaxCandidates)}, "
                + $"{options.MaxCandidates}.";
        }

        if ((model.Candidates ?? options.Candidates) > model.MaxSequences)
        {
            yield return $"{path}:{nameof(model.MaxSequences)}: {model.MaxSequences} is less than its number of candidates, "
                + $"{model.Candidates ?? options.Candidates}.";
        }

        if (model.RewardModel is { } judge && !options.RewardModels.ContainsKey(judge))
        {
            yield return $"{path}:{nameof(model.RewardModel)}: there is no '{judge}' under "
                + $"{BestOfNOptions.Section}:{nameof(options.RewardModels)}."
                + NearestName.Suggestion(judge, options.RewardModels.Keys);
        }

        if (model.Strategy is not null && UnknownStrategy(model.Strategy) is { } unknown)
        {
            yield return $"{path}:{nameof(model.Strategy)}: {unknown}";
        }
        else if (model.RewardModel is null && (model.Candidates ?? options.Candidates) > 1
            && strategies.TryGet(model.Strategy ?? options.Strategy, out var strategy) && strategy.NeedsScores)
        {
            yield return $"{path}:{nameof(model.RewardModel)}: the strategy '{strategy.Name}' needs one.";
        }
    }

    private IEnumerable<string> RewardModel(string name, RewardModelOptions model)
    {
        var path = $"{BestOfNOptions.Section}:{nameof(BestOfNOptions.RewardModels)}:{name}";
        foreach (var problem in ConfigurationShape.OutOfRange(path, model))
        {
            yield return problem;
        }

        if (!GgufCheck.IsNamed(model.Path) && MissingFolder(model.Path) is { } missing)
        {
            yield return $"{path}:{nameof(model.Path)}: {missing}";
        }

        if (model is { Protocol: null, Path.Length: 0 })
        {
            yield return $"{path}:{nameof(model.Path)}: must name a model folder; a reward model on another server has a "
                + $"{nameof(model.Protocol)} and a {nameof(model.Cluster)} instead.";
        }

        if (MissingFolder(model.ActorTokenizer) is { } absent)
        {
            yield return $"{path}:{nameof(model.ActorTokenizer)}: {absent}";
        }

        foreach (var (setting, problem) in rewardModels.Last(source => source.Opens(model)).Check(model))
        {
            yield return $"{path}:{setting}: {problem}";
        }
    }

    private static string? OriginProblem(string origin) =>
        origin is "*" || (Uri.TryCreate(origin, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && url.GetLeftPart(UriPartial.Authority) == origin)
            ? null
            : $"'{origin}' is not an origin such as https://chat.example:8443 (lower case, no path, no final slash) or *.";

    private string? UnknownStrategy(string name) =>
        strategies.TryGet(name, out _) ? null
        : $"'{name}' is not one of {string.Join(", ", strategies.Names)}.{NearestName.Suggestion(name, strategies.Names)}";

    private string? MissingFolder(string? path) =>
        string.IsNullOrEmpty(path) || Directory.Exists(Path.Combine(environment.ContentRootPath, path)) ? null
        : $"there is no folder '{Path.GetFullPath(path, environment.ContentRootPath)}'.";
}
