using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using BestOfN.Core.Generation;
using BestOfN.Gateway.Configuration;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Models;

/// <summary>The models that clients may name.</summary>
internal sealed class GeneratorCatalog : IAsyncDisposable
{
    private readonly FrozenDictionary<string, ServedModel> _models;

    public GeneratorCatalog(IOptions<BestOfNOptions> options, IEnumerable<IGeneratorSource> sources) =>
        _models = options.Value.Models
            .Select(
                model => Serve(model.Value.Name ?? model.Key, model.Value, sources.First(source => source.Kind == model.Value.Generator)))
            .ToFrozenDictionary(model => model.Name, StringComparer.Ordinal);

    public IEnumerable<ServedModel> Models => _models.Values.OrderBy(model => model.Name, StringComparer.Ordinal);

    /// <summary>Finds a model by its name or by an alias such as <c>pocket@8</c>.</summary>
    /// <param name="name">What the client named.</param>
    /// <param name="model">The model.</param>
    /// <param name="candidates">What stands behind the <c>@</c>; null if there is none.</param>
    public bool TryFind(string name, [NotNullWhen(true)] out ServedModel? model, out int? candidates)
    {
        candidates = null;
        if (_models.TryGetValue(name, out model))
        {
            return true;
        }

        var at = name.LastIndexOf('@');
        if (at > 0 && int.TryParse(name.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            candidates = number;
            return _models.TryGetValue(name[..at], out model);
        }

        return false;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var model in _models.Values)
        {
            await model.Generator.DisposeAsync();
        }
    }

    private static ServedModel Serve(string name, ModelOptions options, IGeneratorSource source) =>
        new(name, options, source.ForwardsVerbatim, new CatalogEntry<IGenerator>(name, () => source.Open(name, options)));
}
