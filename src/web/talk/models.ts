import { useQuery } from "@tanstack/react-query";
import { askRecord } from "../parts/record-api.ts";

/** A model that the server offers, as `GET /models` tells it; the server's own is the first. */
export interface OfferedModel {
  name: string;
  provider: string;
  /** In tokens. */
  context_window: number;
}

export const useModels = () =>
  useQuery({
    queryKey: ["models"],
    queryFn: ({ signal }) => askRecord<{ models: OfferedModel[] }>("/models", signal),
    select: ({ models }) => models,
    staleTime: Infinity,
  });
