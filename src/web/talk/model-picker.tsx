import { memo } from "react";
import { type OfferedModel, useModels } from "./models.ts";

interface Props {
  /** Of the conversation; undefined before it has begun. */
  model: string | undefined;
  /** For the next message. */
  chosen: string | undefined;
  onChoose: (model: string | undefined) => void;
}

/** Which model goes on with the conversation from the next message. */
export const ModelPicker = memo(function ModelPicker({ model, chosen, onChoose }: Props) {
  const { data: models = [] } = useModels();
  const current = model ?? models[0]?.name;
  if (current === undefined) return null;
  const known = models.find((offered) => isSame(offered, current))?.name;
  const providers = Map.groupBy(models, ({ provider }) => provider);
  return (
    <label className="model-picker">
      <span className="unseen">Model</span>
      <select
        value={chosen ?? known ?? current}
        onChange={({ target: { value } }) => onChoose(value === (known ?? current) ? undefined : value)}
      >
        {known === undefined && <option value={current}>{current}</option>}
        {[...providers].map(([provider, offered]) => (
          <optgroup key={provider} label={provider}>
            {offered.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      {chosen !== undefined && model !== undefined && (
        <span className="model-next">from the next message</span>
      )}
    </label>
  );
});

/** The server may name its own model with the provider before it. */
const isSame = ({ name, provider }: OfferedModel, model: string) =>
  name === model || name === `${provider}/${model}`;
